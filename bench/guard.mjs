// What the guard costs: a migration of 200 statements behind it and without it, on the same server, in turns.
//   node bench/guard.mjs            (after npm run build:lib)
import { SchemaMigration } from 'nestjs-backfill';
import { DataSource } from 'typeorm';
import { EmbeddedServer } from '../scripts/lib/embedded-server.mjs';

const STATEMENTS = 200;
const ROUNDS = 9;

/** @param {import('typeorm').QueryRunner} queryRunner */
async function up(queryRunner) {
  for (let n = 0; n < STATEMENTS / 4; n += 1) {
    await queryRunner.query(
      `CREATE TABLE bench_${n} (id int PRIMARY KEY, note text DEFAULT 'x', tenant int)`,
    );
    await queryRunner.query(`ALTER TABLE bench_${n} ADD COLUMN extra text`);
    await queryRunner.query(`CREATE INDEX ON bench_${n} (tenant) WHERE note IS NULL`);
    await queryRunner.query(`ALTER TABLE bench_${n} ADD CONSTRAINT positive CHECK (id > 0) NOT VALID`);
  }
}

class Guarded extends SchemaMigration {
  up = up;
  async down() {}
}
class Unguarded {
  up = up;
}

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const server = await EmbeddedServer.start({ settings: { fsync: 'off' } });
const dataSource = await new DataSource({ type: 'postgres', url: server.url() }).initialize();

/** @param {{ up: (queryRunner: import('typeorm').QueryRunner) => Promise<void> }} migration */
async function time(migration) {
  const queryRunner = dataSource.createQueryRunner();
  await queryRunner.startTransaction();
  const startedAt = performance.now();
  await migration.up(queryRunner);
  const spent = performance.now() - startedAt;
  await queryRunner.rollbackTransaction();
  await queryRunner.release();
  return spent;
}

await time(new Guarded());
/** @type {{ guarded: number[], unguarded: number[] }} */
const times = { guarded: [], unguarded: [] };
for (let round = 0; round < ROUNDS; round += 1) {
  times.unguarded.push(await time(new Unguarded()));
  times.guarded.push(await time(new Guarded()));
}
await dataSource.destroy();
await server.stop();
const [guarded, unguarded] = [median(times.guarded), median(times.unguarded)];
console.log(
  JSON.stringify({
    statements: STATEMENTS,
    rounds: ROUNDS,
    guardedMs: Math.round(guarded),
    unguardedMs: Math.round(unguarded),
    ratio: Number((guarded / unguarded).toFixed(3)),
    perStatementMs: Number(((guarded - unguarded) / STATEMENTS).toFixed(3)),
  }),
);
