import { explanationOf } from '../../../../libs/backfill/src/one-shot/error.text.ts';
import { DoJobs, Job, JobLog, NoteJobs } from '../../../support/applications/jobs.ts';
import { allDoneOnce, jobsStage, readJobs, resetJobs } from '../../../support/applications/jobs.ts';
import { promote, restartAsStandby } from '../../../support/server/failover.ts';
import { ServerStage } from '../../../support/applications/server-stage.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { until } from '../../../support/runs/until.ts';

const STANDBY = 'it is a standby (in recovery) and executes no changes';
/** Time for new connections on any machine, after those of the run were terminated. */
const CONNECT_TIMEOUT_MS = 2_000;
const READ_ONLY = 'default_transaction_read_only is on';

describe('a failover to a server that is a standby for some seconds', () => {
  const stage = ServerStage.for({
    entities: [Job, JobLog],
    backfills: [DoJobs, NoteJobs],
    module: { leaseDuration: 1_000 },
  });
  beforeEach(() => resetJobs(stage.database, 100));

  it('does not end a run: it waits, says why, and changes each row once after the promotion', async () => {
    let hasFailedOver = false;
    DoJobs.before = async ({ context }) => {
      if (context.batch !== 4 || hasFailedOver) return;
      hasFailedOver = true;
      await restartAsStandby(stage.server);
      void recorder.until(({ waits }) => waits.some(contains(STANDBY))).then(() => promote(stage.server));
    };
    const recorder = new Recorder();
    const { backfills } = await stage.application.service.run({ names: ['do-jobs'], observer: recorder });
    expect(hasFailedOver).toBe(true);
    expect(backfills).toMatchObject([{ status: 'complete', proved: true }]);
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(100));
  });

  it('holds a run that starts meanwhile, and its status can be read', async () => {
    await restartAsStandby(stage.server);
    const recorder = new Recorder();
    const run = stage.application.service.run({ names: ['note-jobs'], observer: recorder });
    await recorder.until(({ waits }) => waits.some(contains(STANDBY)));
    expect((await stage.application.service.status()).backfills).toMatchObject([
      { name: 'do-jobs' },
      { name: 'note-jobs', waitingFor: expect.stringContaining(STANDBY) as string },
    ]);
    await promote(stage.server);
    expect(await run).toMatchObject({ outcome: 'complete' });
  });

  it('ends the run with work left if nobody promotes the standby within connectTimeoutMs', async () => {
    await restartAsStandby(stage.server);
    const { backfills } = await stage.application.service.run({
      names: ['note-jobs'],
      connectTimeoutMs: 500,
    });
    await promote(stage.server);
    expect(backfills).toMatchObject([
      { status: 'incomplete', waitingFor: expect.stringContaining(STANDBY) as string },
    ]);
  });
});

describe('default_transaction_read_only = on', () => {
  const stage = jobsStage(50);
  beforeEach(() => resetJobs(stage.database, 50));
  afterEach(() => setReadOnly('off'));
  const setReadOnly = (value: 'on' | 'off') =>
    stage.database.session(async (client) => {
      await client.query('SET default_transaction_read_only = off');
      await client.query(
        `ALTER DATABASE ${stage.database.name} SET default_transaction_read_only = ${value}`,
      );
      // A session keeps the setting with which it started.
      await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`);
    });

  it('holds a running backfill without a time limit, until it is off again', async () => {
    let isOn = false;
    DoJobs.before = async ({ context }) => {
      if (context.batch !== 3 || isOn) return;
      isOn = true;
      await setReadOnly('on');
    };
    const recorder = new Recorder();
    const run = stage.run('do-jobs', { recorder, connectTimeoutMs: CONNECT_TIMEOUT_MS });
    await recorder.until(({ waits }) => waits.some(contains(READ_ONLY)));
    const heldAt = performance.now();
    await until(() => Promise.resolve(performance.now() - heldAt > 2 * CONNECT_TIMEOUT_MS));
    expect(await stage.status('do-jobs')).toMatchObject({
      updated: 20,
      waitingFor: expect.stringContaining(READ_ONLY) as string,
    });
    await setReadOnly('off');
    expect(await run).toMatchObject({ status: 'complete', proved: true, updated: 50 });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(50));
  });

  it('is the reason for which a plan has nothing, and a command says what to do', async () => {
    await setReadOnly('on');
    const { service } = stage.application;
    const { plan, unplanned } = await service.plan();
    expect({ plan, names: unplanned?.map(({ name }) => name) }).toEqual({
      plan: [],
      names: service.names,
    });
    for (const { reason } of unplanned ?? []) expect(reason).toContain(READ_ONLY);
    const error: unknown = await service.pause('do-jobs').catch((cause: unknown) => cause);
    expect(explanationOf(error)).toMatch(/read-only transaction\n.*default_transaction_read_only = off/s);
  });

  it('is not overridden by a run that starts meanwhile, which says at its end what it waited for', async () => {
    await stage.run('note-jobs', { signal: AbortSignal.abort('test') });
    await setReadOnly('on');
    const stop = new AbortController();
    const recorder = new Recorder();
    const run = stage.run('note-jobs', { recorder, signal: stop.signal });
    await recorder.until(({ waits }) => waits.some(contains(READ_ONLY)));
    stop.abort('SIGTERM');
    expect(await run).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped by SIGTERM.',
      waitingFor: expect.stringContaining(READ_ONLY) as string,
      updated: 0,
    });
    expect(await stage.value('SELECT count(note) FROM jobs')).toBe('0');
  });
});

function contains(text: string): (wait: { readonly waitingFor: string }) => boolean {
  return ({ waitingFor }) => waitingFor.includes(text);
}
