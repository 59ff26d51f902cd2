import { BackfillService } from 'nestjs-backfill';
import { jobsStage } from '../../support/applications/jobs.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';

describe('the status while another session locks a table of the ledger', () => {
  const stage = jobsStage(20);
  const service = () => stage.application.context.get(BackfillService);

  afterEach(() => LockHolder.releaseAll());

  it('says for which session it waits, and is read when the lock is free', async () => {
    await stage.run('note-jobs');
    const holder = await LockHolder.hold(
      stage.database,
      'LOCK TABLE nestjs_backfill.backfill IN ACCESS EXCLUSIVE MODE',
      'a repair',
    );
    const waits: string[] = [];
    const { backfills } = await service().status(
      { names: ['note-jobs'] },
      {
        waiting: (waitingFor) => {
          waits.push(waitingFor);
          void holder.release();
        },
      },
    );
    expect(waits).toEqual([expect.stringContaining(`pid ${holder.pid} (a repair`)]);
    expect(backfills).toMatchObject([{ name: 'note-jobs', status: 'complete' }]);
  });

  it('ends at a signal, and says so', async () => {
    await LockHolder.hold(stage.database, 'LOCK TABLE nestjs_backfill.backfill IN ACCESS EXCLUSIVE MODE');
    const stop = new AbortController();
    const status = service().status({}, { signal: stop.signal, waiting: () => stop.abort('SIGTERM') });
    await expect(status).rejects.toThrow('stopped by SIGTERM');
  });
});
