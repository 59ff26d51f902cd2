import { createRequire } from 'node:module';
import { SchemaMigration } from 'nestjs-backfill';
import { DataSource } from 'typeorm';
import { median } from '../report/numbers.mjs';

const STATEMENTS = 200;

/** @typedef {import('typeorm').QueryRunner} QueryRunner */

/** A migration of 200 typical statements that records the time of each, in milliseconds. */
const timedMigration = (/** @type {number[]} */ taken) =>
  async function up(/** @type {QueryRunner} */ queryRunner) {
    for (let n = 0; n < STATEMENTS / 4; n += 1) {
      for (const statement of [
        `CREATE TABLE bench_${n} (id int PRIMARY KEY, note text DEFAULT 'x', tenant int)`,
        `ALTER TABLE bench_${n} ADD COLUMN extra text`,
        `CREATE INDEX ON bench_${n} (tenant) WHERE note IS NULL`,
        `ALTER TABLE bench_${n} ADD CONSTRAINT positive CHECK (id > 0) NOT VALID`,
      ]) {
        const startedAt = performance.now();
        await queryRunner.query(statement);
        taken.push(performance.now() - startedAt);
      }
    }
  };

/** Whether this process has loaded PostgreSQL's parser. */
const isParserLoaded = () =>
  Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes('libpg-query'));

/**
 * The cost of the guard: a migration of 200 statements with and without it, alternating, on the same server.
 * Call it in a process that has not run a migration.
 *
 * @param {string} url
 * @param {{ rounds: number }} options
 * @returns {Promise<{ ratio: number, perStatementMs: number, guardedMs: number, unguardedMs: number,
 *   parserIsLazy: boolean }>}
 */
export async function guardCost(url, { rounds }) {
  const dataSource = await new DataSource({ type: 'postgres', url }).initialize();
  const loadedBefore = isParserLoaded();
  try {
    await run(dataSource, 'guarded');
    const parserIsLazy = !loadedBefore && isParserLoaded();
    /** @typedef {Awaited<ReturnType<typeof run>>} Run */
    const guarded = /** @type {Run[]} */ ([]);
    const unguarded = /** @type {Run[]} */ ([]);
    for (let round = 0; round < rounds; round += 1) {
      unguarded.push(await run(dataSource, 'unguarded'));
      guarded.push(await run(dataSource, 'guarded'));
    }
    const of = (/** @type {Run[]} */ runs, /** @type {number} */ at) =>
      median(runs.map(({ taken }) => taken[at] ?? NaN));
    const extra = Array.from({ length: STATEMENTS }, (_, at) => of(guarded, at) - of(unguarded, at));
    const guardedMs = median(guarded.map(({ total }) => total));
    const unguardedMs = median(unguarded.map(({ total }) => total));
    return {
      ratio: guardedMs / unguardedMs,
      perStatementMs: median(extra),
      guardedMs,
      unguardedMs,
      parserIsLazy,
    };
  } finally {
    await dataSource.destroy();
  }
}

/**
 * @param {DataSource} dataSource
 * @param {'guarded' | 'unguarded'} how
 * @returns {Promise<{ total: number, taken: number[] }>} milliseconds from BEGIN to COMMIT, and of each
 *   statement
 */
async function run(dataSource, how) {
  /** @type {number[]} */
  const taken = [];
  const up = timedMigration(taken);
  class BenchMigration extends SchemaMigration {
    up = up;
    async down() {}
  }
  const queryRunner = dataSource.createQueryRunner();
  const startedAt = performance.now();
  await queryRunner.startTransaction();
  await (how === 'guarded' ? new BenchMigration().up(queryRunner) : up(queryRunner));
  await queryRunner.commitTransaction();
  const total = performance.now() - startedAt;
  const tables = Array.from({ length: STATEMENTS / 4 }, (_, n) => `bench_${n}`);
  await queryRunner.query(`DROP TABLE ${tables.join(', ')}`);
  await queryRunner.release();
  return { total, taken };
}

const ALTERS = Array.from({ length: 5 }, (_, n) => `ALTER TABLE bench_alters ADD COLUMN c${n} text`);
/** Each drop leaves a dead column, of which a table can hold 1,600. */
const ROUNDS_PER_TABLE = 50;

/** @param {QueryRunner} queryRunner */
async function alter(queryRunner) {
  for (const sql of ALTERS) await queryRunner.query(sql);
}

/**
 * The smallest case, where the fixed cost of the guard counts most: five ALTERs on one table that change only
 * the catalog, with and without the guard, alternating. TypeORM runs each migration and records it.
 *
 * @param {string} url
 * @param {{ rounds: number }} options
 * @returns {Promise<{ ratio: number, guardedMs: number, unguardedMs: number }>}
 */
export async function fewStatementsCost(url, { rounds }) {
  class Guarded1700000000000 extends SchemaMigration {
    up = alter;
    async down() {}
  }
  class Unguarded1700000000000 {
    up = alter;
    async down() {}
  }
  const options = { type: /** @type {const} */ ('postgres'), url, migrationsTableName: 'bench_migrations' };
  const guarded = await new DataSource({ ...options, migrations: [Guarded1700000000000] }).initialize();
  const unguarded = await new DataSource({ ...options, migrations: [Unguarded1700000000000] }).initialize();
  // A third connection creates the tables: the connection that does it is slower than another one for the next
  // migrations too, by up to a sixth, whether they are guarded or not.
  const tables = await new DataSource(options).initialize();
  /** @type {[number, number][]} */
  const taken = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      if (round % ROUNDS_PER_TABLE === 0)
        await tables.query(
          'DROP TABLE IF EXISTS bench_alters; CREATE TABLE bench_alters (id bigint PRIMARY KEY, note text)',
        );
      // Neither of them always comes first.
      const first = round % 2 === 0 ? guarded : unguarded;
      const second = first === guarded ? unguarded : guarded;
      const [a, b] = [await fiveAlters(first), await fiveAlters(second)];
      taken.push(first === guarded ? [a, b] : [b, a]);
    }
    await tables.query('DROP TABLE bench_alters, bench_migrations');
  } finally {
    await tables.destroy();
    await guarded.destroy();
    await unguarded.destroy();
  }
  // The first rounds load the parser and compile the code.
  const measured = taken.slice(Math.floor(rounds / 10));
  return {
    ratio: median(measured.map(([guardedMs, unguardedMs]) => guardedMs / unguardedMs)),
    guardedMs: median(measured.map(([guardedMs]) => guardedMs)),
    unguardedMs: median(measured.map(([, unguardedMs]) => unguardedMs)),
  };
}

/** @param {DataSource} dataSource @returns {Promise<number>} milliseconds */
async function fiveAlters(dataSource) {
  const startedAt = performance.now();
  await dataSource.runMigrations({ transaction: 'each' });
  const taken = performance.now() - startedAt;
  await dataSource.query('DELETE FROM bench_migrations');
  await dataSource.query(`ALTER TABLE bench_alters ${ALTERS.map((_, n) => `DROP COLUMN c${n}`).join(', ')}`);
  return taken;
}
