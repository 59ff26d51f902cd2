import { addUnique, dropIndex } from 'nestjs-backfill/steps';
import type { QueryRunner } from 'typeorm';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { MigrationStage } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';
import { untilRow } from '../support/runs/until.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { Pgbouncer } from '../support/server/pgbouncer.ts';

const stage = MigrationStage.forEachTest();

afterEach(() => LockHolder.releaseAll());

/** @returns the message of the failure; undefined if the step succeeds */
async function failureOf(
  up: (queryRunner: QueryRunner) => Promise<unknown>,
  database = stage.database,
): Promise<string | undefined> {
  const Up = migration('Index', { transaction: false, up });
  const report = await withDataSource(postgresDataSource(database, [Up]), (dataSource) =>
    runMigrations(dataSource, stage.quick),
  );
  return report.failed?.error.message;
}

const UNIQUE = (q: QueryRunner) => addUnique(q, { table: 'leads', columns: ['note'] });

/** Cancels a drop while it waits, as a `statement_timeout` or an operator does. */
function cancelDrop(): Promise<unknown> {
  return untilRow(
    stage.database,
    `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'DROP INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'`,
  );
}

/** Sends what a message says. */
async function dropAsNamed(message: string | undefined): Promise<void> {
  const [sql = ''] = /(?<=Drop it now: )DROP INDEX CONCURRENTLY IF EXISTS .*?;/.exec(message ?? '') ?? [];
  await stage.database.query(sql);
}

function indexes(): Promise<unknown> {
  return stage.database.query(
    `SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indrelid = 'leads'::regclass AND NOT indisprimary`,
  );
}

describe('an index that cannot be dropped because of a long transaction', () => {
  beforeEach(() => stage.database.query(`UPDATE leads SET note = 'x'`));

  it('does not keep addUnique() from its error after a failed build, which names the index', async () => {
    const reader = await LockHolder.hold(stage.database, 'SELECT FROM leads');
    const message = await failureOf(UNIQUE);
    expect(message).toContain('could not create unique index');
    expect(await indexes()).toEqual([{ name: 'leads_note_key' }]);
    await reader.release();
    await dropAsNamed(message);
    expect(await indexes()).toEqual([]);
  });

  it('is named by addUnique() that was to build it again', async () => {
    const reader = await LockHolder.hold(stage.database, 'SELECT FROM leads');
    await failureOf(UNIQUE);
    const again = failureOf(UNIQUE);
    await cancelDrop();
    const message = await again;
    expect(message).toContain('canceling statement due to user request');
    await reader.release();
    await dropAsNamed(message);
    expect(await indexes()).toEqual([]);
  });

  it('is named by dropIndex()', async () => {
    await stage.database.query('CREATE INDEX "By note" ON leads (note)');
    const reader = await LockHolder.hold(stage.database, 'SELECT FROM leads');
    const dropping = failureOf((q) => dropIndex(q, 'By note'));
    await cancelDrop();
    const message = await dropping;
    expect(message).toContain('canceling statement due to user request');
    await reader.release();
    await dropAsNamed(message);
    expect(await indexes()).toEqual([]);
  });
});

Pgbouncer.describe('through a pooler in transaction mode', () => {
  it('addUnique() does not wait for the drop of a failed build either', async () => {
    await stage.database.query(`UPDATE leads SET note = 'x'`);
    const bouncer = await Pgbouncer.start({ poolSize: 4 });
    const reader = await LockHolder.hold(stage.database, 'SELECT FROM leads');
    const message = await failureOf(UNIQUE, stage.database.at(bouncer.url(stage.database)));
    expect(message).toContain('could not create unique index');
    await reader.release();
    await dropAsNamed(message);
    expect(await indexes()).toEqual([]);
    await bouncer.stop();
  });
});
