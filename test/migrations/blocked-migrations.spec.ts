import { MigrationBlockedError } from '../../libs/backfill/src/migrations/migration.error.ts';
import { guardMigrations } from '../../libs/backfill/src/migrations/migration.guarding.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { ADD_COLUMN, MigrationStage } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';
import { until } from '../support/runs/until.ts';
import type { QueryRunner } from 'typeorm';

const stage = MigrationStage.forEachTest();

describe('a lock of another session', () => {
  /** The blockers are read in the second half of the lock timeout: it is long enough for a slow machine. */
  const patient = { ...stage.quick, policy: { ...stage.quick.policy, lockTimeout: 4_000 } };

  it('is waited for in several attempts, and each names the holder', async () => {
    const holder = await stage.database.connect('the holder');
    await holder.query('BEGIN; LOCK TABLE leads');
    const Up = migration('Up', { up: ADD_COLUMN });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const running = runMigrations(dataSource, patient);
      await until(() => stage.lines.some((line) => line.includes('did not get its lock')));
      await holder.query('COMMIT');
      expect(await running).toMatchObject({ outcome: 'done' });
    });
    await holder.end();
    expect(stage.lines.join('\n')).toMatch(
      /blocked by pid \d+ \(the holder\), idle in transaction, .*LOCK TABLE leads/,
    );
  });

  it('ends the migration after the last attempt, names the holder and changes nothing', async () => {
    const holder = await stage.database.connect('the holder');
    await holder.query('BEGIN; LOCK TABLE leads');
    const Up = migration('Up', { up: `CREATE TABLE fresh (id int); ${ADD_COLUMN}` });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, {
        ...patient,
        policy: { ...patient.policy, lockAttempts: 2 },
      });
      expect(report).toMatchObject({ outcome: 'failed', pending: [Up.name] });
      expect(report.failed?.error).toBeInstanceOf(MigrationBlockedError);
      expect(report.failed?.error.message).toMatch(/2 attempts.*\n.*\(the holder\)/);
    });
    await holder.query('ROLLBACK');
    await holder.end();
    expect(await stage.database.query(`SELECT FROM pg_tables WHERE tablename = 'fresh'`)).toHaveLength(0);
  });

  it.each([
    ['each', undefined],
    ['all', undefined],
    ['each', false],
  ] as const)(
    'is waited for under TypeORM’s own runner too (%s, transaction = %s)',
    async (mode, transaction) => {
      const holder = await stage.database.connect('the holder');
      await holder.query('BEGIN; LOCK TABLE leads');
      const Up = migration('Up', { up: ADD_COLUMN, ...(transaction !== undefined && { transaction }) });
      const dataSource = postgresDataSource(stage.database, [Up]);
      guardMigrations(dataSource, stage.quick);
      await withDataSource(dataSource, async () => {
        const running = dataSource.runMigrations({ transaction: mode });
        await until(() => stage.lines.some((line) => line.includes('did not get its lock')));
        await holder.query('COMMIT');
        expect(await running).toHaveLength(1);
      });
      await holder.end();
    },
  );
});

it('a migration that is called by hand, before TypeORM has its table, waits for a lock as the policy allows', async () => {
  const timeouts: unknown[] = [];
  const ByHand = migration('ByHand', {
    up: async (runner) => timeouts.push(...((await runner.query('SHOW lock_timeout')) as unknown[])),
  });
  await withDataSource(postgresDataSource(stage.database), async (dataSource) => {
    await dataSource.transaction((manager) => new ByHand().up(manager.queryRunner as QueryRunner));
  });
  expect(timeouts).toEqual([{ lock_timeout: '5s' }]);
});
