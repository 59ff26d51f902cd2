import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { createGate } from '../support/runs/gate.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { ADD_COLUMN, MigrationStage } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';
import { until, untilRow } from '../support/runs/until.ts';

const stage = MigrationStage.forEachTest();

describe('when two processes run migrations at the same time', () => {
  it('each migration runs once: one process waits, then finds nothing to do', async () => {
    const opened = createGate();
    let runs = 0;
    const Up = migration('Up', {
      up: async (queryRunner) => {
        runs += 1;
        await opened.promise;
        await queryRunner.query(ADD_COLUMN);
      },
    });
    await withDataSource(postgresDataSource(stage.database, [Up]), (one) =>
      withDataSource(postgresDataSource(stage.database, [Up]), async (two) => {
        const first = runMigrations(one, { log: stage.log });
        await until(() => runs === 1);
        const second = runMigrations(two, { log: stage.log });
        await until(() => stage.lines.some((line) => line.startsWith('Waiting for "migrate"')));
        opened.resolve();
        expect(await first).toMatchObject({ outcome: 'done' });
        expect(await second).toMatchObject({ outcome: 'nothing-to-do', waitedForOther: true });
      }),
    );
    expect(runs).toBe(1);
  });

  it('a dead process delays the other process by at most its lease', async () => {
    const Up = migration('Up', { up: ADD_COLUMN });
    await withDataSource(postgresDataSource(stage.database, []), (dataSource) =>
      runMigrations(dataSource, { log: stage.log }),
    );
    await stage.database.query(
      `UPDATE nestjs_backfill.deploy_lease SET owner = 'dead', expires_at = clock_timestamp() + interval '700 ms', fencing_token = 99`,
    );
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      expect(await runMigrations(dataSource, { log: stage.log })).toMatchObject({
        outcome: 'done',
        waitedForOther: true,
      });
    });
  });

  it('the lease is renewed even if a long statement uses the pool’s only connection', async () => {
    const lease = 2_000;
    const holder = await LockHolder.hold(stage.database, 'SELECT pg_advisory_xact_lock(7)');
    let runs = 0;
    const Slow = migration('Slow', {
      transaction: false,
      up: async (queryRunner) => {
        runs += 1;
        // Runs until the test releases the lock. It does not wait for the lock, because that has a timeout.
        await queryRunner.query(
          `DO $$ BEGIN WHILE NOT pg_try_advisory_xact_lock(7) LOOP PERFORM pg_sleep(0.02); END LOOP; END $$`,
        );
        await queryRunner.query(ADD_COLUMN);
      },
    });
    const small = () => postgresDataSource(stage.database, [Slow], { extra: { max: 1 } });
    await withDataSource(small(), (one) =>
      withDataSource(small(), async (two) => {
        const first = runMigrations(one, { log: stage.log, lease });
        await until(() => runs === 1);
        const { expiry } = await untilRow<{ expiry: string }>(
          stage.database,
          'SELECT expires_at::text AS expiry FROM nestjs_backfill.deploy_lease',
        );
        const second = runMigrations(two, { log: stage.log, lease });
        await until(() => stage.lines.some((line) => line.startsWith('Waiting for "migrate"')));
        // The lease would have expired by now without a renewal.
        await untilRow(stage.database, 'SELECT 1 AS passed WHERE clock_timestamp() > $1', [expiry]);
        await holder.release();
        expect(await first).toMatchObject({ outcome: 'done' });
        expect(await second).toMatchObject({ outcome: 'nothing-to-do', waitedForOther: true });
      }),
    );
    expect(runs).toBe(1);
  });

  it('a process that lost its lease starts no migration, with or without a transaction', async () => {
    const takeOver = () =>
      stage.database.query(
        `UPDATE nestjs_backfill.deploy_lease SET owner = 'other', fencing_token = fencing_token + 1`,
      );
    const First = migration('First', { up: ADD_COLUMN, requires: ['leads'] });
    const Second = migration('Second', {
      transaction: false,
      up: 'CREATE TABLE second ()',
      requires: ['last'],
    });
    const proving = {
      names: () => ['leads', 'last'],
      prove: async (name: string) => {
        if (name === 'last') await takeOver();
        return { complete: true, status: 'complete' };
      },
      finish: () => Promise.resolve(),
    };
    await withDataSource(postgresDataSource(stage.database, [First, Second]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log, gate: proving });
      expect(report.ran.map(({ name }) => name)).toEqual([First.name]);
      expect(report.failed?.error.name).toBe('DeployLeaseLostError');
    });
    expect(await stage.database.query(`SELECT FROM pg_class WHERE relname = 'second'`)).toEqual([]);
  });

  it('a process that lost its lease while it stalled commits nothing', async () => {
    const [reached, takenOver] = [createGate(), createGate()];
    const Up = migration('Up', {
      up: async (queryRunner) => {
        await queryRunner.query(ADD_COLUMN);
        reached.resolve();
        await takenOver.promise;
      },
    });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const running = runMigrations(dataSource, { log: stage.log });
      await reached.promise;
      await stage.database.query(
        `UPDATE nestjs_backfill.deploy_lease SET owner = 'other', fencing_token = fencing_token + 1`,
      );
      takenOver.resolve();
      const report = await running;
      expect(report.outcome).toBe('failed');
      expect(report.failed?.error.name).toBe('DeployLeaseLostError');
    });
    expect(await stage.columns()).not.toContain('extra');
  });
});
