import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Job, JobLog } from '../../../fixtures/jobs-app/jobs.mjs';
import { DoJobs, allDoneOnce, jobsStage, readJobs, resetJobs } from '../../../support/applications/jobs.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { until } from '../../../support/runs/until.ts';

@Backfill<{ id: string; note: string | null }>({
  name: 'after-jobs',
  entity: Job,
  where: { note: IsNull() },
  dependsOn: ['do-jobs'],
  lockTimeout: 300,
})
class AfterJobs implements SetBackfill<{ id: string; note: string | null }> {
  set() {
    return { note: `'after'` };
  }
}

@Backfill<{ id: string; note: string | null }>({
  name: 'new-column',
  entity: Job,
  where: 'note IS NULL AND new_column IS NULL',
})
class FillNewColumn extends AfterJobs {}

describe('with a pool of one connection', () => {
  const stage = jobsStage(50, {
    entities: [Job, JobLog],
    backfills: [DoJobs, AfterJobs],
    poolSize: 1,
    module: { leaseDuration: 1_000, defaults: { pause: 0 } },
  });
  beforeEach(() => resetJobs(stage.database, 50));

  it('two backfills run one after the other, although the second one reads the status of the first', async () => {
    expect(await stage.runAll()).toMatchObject({ outcome: 'complete' });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(50));
  });

  it('a batch that takes longer than the lease keeps the lease', async () => {
    let renewals = 0;
    DoJobs.before = async ({ context }) => {
      if (context.batch !== 2) return;
      const expiry = () => stage.value('SELECT lease_expires_at::text FROM nestjs_backfill.range');
      for (let last = await expiry(); renewals < 4; renewals++) {
        await until(async () => (await expiry()) !== last);
        last = await expiry();
      }
    };
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete', updated: 50 });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(50));
  });

  it('a run ends at a row that stays locked and names the blocker', async () => {
    await stage.run('do-jobs');
    const holder = await LockHolder.hold(
      stage.database,
      'SELECT FROM jobs WHERE id = 7 FOR UPDATE',
      'a report',
    );
    const report = await stage.run('after-jobs');
    await holder.release();
    expect(report).toMatchObject({ status: 'incomplete', updated: 49, skipped: 1 });
    expect(report.waitingFor).toContain(`pid ${holder.pid} (a report)`);
    expect(await stage.run('after-jobs')).toMatchObject({ status: 'complete', updated: 1 });
  });

  it('a request to stop ends the run while a statement waits for a lock', async () => {
    const holder = await LockHolder.hold(stage.database, 'LOCK TABLE jobs IN EXCLUSIVE MODE');
    const stop = new AbortController();
    const recorder = new Recorder();
    const run = stage.run('do-jobs', { signal: stop.signal, recorder });
    await until(
      async () =>
        (await stage.value(`SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`)) !== '0',
    );
    stop.abort('SIGTERM');
    expect(await run).toMatchObject({ status: 'incomplete', reason: 'Stopped by SIGTERM.' });
    await holder.release();
  });
});

describe('with a pool of one connection, a backfill that reads a column which does not exist yet', () => {
  const stage = jobsStage(5, { entities: [Job, JobLog], backfills: [FillNewColumn], poolSize: 1 });

  it('cannot be proved, and the proof says which column', async () => {
    expect(await stage.application.service.prove('new-column')).toMatchObject({
      complete: false,
      problem: expect.stringContaining('new_column') as string,
    });
  });
});
