import { Backfill, type ProcessBackfill, type ProcessBatch } from 'nestjs-backfill';
import { IsNull, type EntityManager } from 'typeorm';
import { Job, JobLog, NoteJobs } from '../fixtures/jobs-app/jobs.mjs';
import { jobsStage } from '../support/applications/jobs.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import type { TestDatabase } from '../support/server/database.ts';
import { until } from '../support/runs/until.ts';

interface JobRow {
  id: string;
  note: string | null;
  doneAt: Date | null;
}

/** The settings of the transactions in which `process` runs. */
const levels = new Set<string>();

@Backfill<JobRow>({ name: 'see-settings', entity: Job, where: { doneAt: IsNull() }, reads: ['id'] })
class SeeSettings implements ProcessBackfill<JobRow> {
  async process({ rows }: ProcessBatch<JobRow>, manager: EntityManager): Promise<void> {
    const [row] = await manager.query<[{ level: string }]>(
      `SELECT current_setting('synchronous_commit') AS level`,
    );
    levels.add(row.level);
    await manager.query('UPDATE jobs SET done_at = now() WHERE id = ANY($1)', [rows.map(({ id }) => id)]);
  }
}

function stageWith(setting: string) {
  return jobsStage(20, {
    entities: [Job, JobLog],
    backfills: [NoteJobs, SeeSettings],
    before: (database: TestDatabase) => database.query(`ALTER DATABASE ${database.name} SET ${setting}`),
  });
}

/** Records the level at which each change of a status commits. */
async function recordLevels(database: TestDatabase): Promise<void> {
  await database.query(`CREATE TABLE levels (level text);
    CREATE FUNCTION record_level() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO levels VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
    CREATE TRIGGER record_level AFTER INSERT ON nestjs_backfill.transition
      FOR EACH ROW EXECUTE FUNCTION record_level()`);
}

describe('synchronous_commit = off for a role or a database', () => {
  const stage = stageWith('synchronous_commit = off');

  it('does not apply to what others rely on: each change of a status is durable, and so is a batch of `process`', async () => {
    await stage.run('note-jobs', { signal: AbortSignal.abort('test') }); // installs the ledger
    await recordLevels(stage.database);
    expect(await stage.run('note-jobs')).toMatchObject({ status: 'complete' });
    expect(await stage.query('SELECT DISTINCT level FROM levels')).toEqual([{ level: 'local' }]);
    levels.clear();
    expect(await stage.run('see-settings')).toMatchObject({ status: 'complete' });
    expect([...levels]).toEqual(['on']);
  });
});

describe('synchronous_commit = remote_apply', () => {
  const stage = stageWith('synchronous_commit = remote_apply');

  it('stays for the ledger and for a batch of `process`', async () => {
    await stage.run('see-settings', { signal: AbortSignal.abort('test') });
    await recordLevels(stage.database);
    levels.clear();
    expect(await stage.run('see-settings')).toMatchObject({ status: 'complete' });
    expect([...levels]).toEqual(['remote_apply']);
    expect(await stage.query('SELECT DISTINCT level FROM levels')).toEqual([{ level: 'remote_apply' }]);
  });
});

describe('statement_timeout and lock_timeout of a role or a database', () => {
  const stage = stageWith('statement_timeout = 200');

  it('do not end a statement on the ledger that waits for another process', async () => {
    await stage.run('note-jobs', { signal: AbortSignal.abort('test') });
    const holder = await LockHolder.hold(stage.database, 'SELECT FROM nestjs_backfill.backfill FOR UPDATE');
    const run = stage.run('note-jobs');
    const hasWaitedLonger = until(
      async () =>
        (await stage.value(`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
          AND wait_event_type = 'Lock' AND query_start < clock_timestamp() - interval '400 milliseconds'`)) !==
        '0',
    );
    await Promise.race([hasWaitedLonger, run]);
    await holder.release();
    expect(await run).toMatchObject({ status: 'complete', updated: 20 });
  });
});
