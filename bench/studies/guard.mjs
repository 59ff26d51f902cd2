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
