import { setTimeout as delay } from 'node:timers/promises';
import { TestApplication } from '../../../support/applications/application.ts';
import { TestDatabase } from '../../../support/server/database.ts';
import { Job, JobLog } from '../../../fixtures/jobs-app/jobs.mjs';
import {
  DoJobs,
  allDoneOnce,
  jobsStage,
  readJobs,
  NoteJobs,
  resetJobs,
  terminateBackfills,
} from '../../../support/applications/jobs.ts';
import { ServerStage } from '../../../support/applications/server-stage.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { seed, seededRandom } from '../../../support/runs/seeded-random.ts';
import { ProtocolProxy } from '../../../support/server/protocol-proxy.ts';
import { until, untilRow } from '../../../support/runs/until.ts';

const SEED = seed();

describe('a connection that the server ends', () => {
  const stage = jobsStage(100);
  beforeEach(() => resetJobs(stage.database, 100));

  it('is replaced during a batch: the same run completes and changes each row once', async () => {
    let ended = 0;
    DoJobs.before = async ({ context }) => {
      if (context.batch === 3 && ended === 0) ended = await terminateBackfills(stage.database);
    };
    const recorder = new Recorder();
    expect(await stage.run('do-jobs', { recorder })).toMatchObject({ status: 'complete', proved: true });
    expect(ended).toBeGreaterThan(0);
    expect(recorder.notes.join()).toContain('The connection was lost');
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(100));
  });

  it(`neither repeats nor loses a row if it ends at random moments (SEED=${SEED})`, async () => {
    await resetJobs(stage.database, 4_000);
    const chance = seededRandom(SEED);
    const recorder = new Recorder();
    let isOver = false;
    const run = stage.run('do-jobs', { recorder }).finally(() => (isOver = true));
    let ended = 0;
    while (!isOver && ended < 40) {
      // Terminates the sessions a random time after a commit: before, during or after the next commit.
      const seen = recorder.progress.length;
      await Promise.race([recorder.until(({ progress }) => progress.length > seen), run]);
      await delay(chance(8));
      ended += await terminateBackfills(stage.database);
    }
    expect((await run).status).toBe('complete');
    expect(ended).toBeGreaterThan(0);
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(4_000));
  });
});

describe('a server', () => {
  const stage = ServerStage.for({
    entities: [Job, JobLog],
    backfills: [DoJobs, NoteJobs],
    // With synchronousCommit 'off', a crash can lose committed batches.
    module: { leaseDuration: 1_000, defaults: { pause: 0, synchronousCommit: 'off' } },
  });
  beforeEach(() => resetJobs(stage.database, 100));

  it.each([
    ['is stopped and started', 'fast'],
    ['crashes and recovers', 'immediate'],
  ] as const)(
    'does not end a run when it %s: the run completes and changes each row once',
    async (_, mode) => {
      let stopped = false;
      DoJobs.before = async ({ context }) => {
        if (context.batch !== 4 || stopped) return;
        stopped = true;
        await stage.server.stop(mode);
        // Starts again only after the run has failed to reach it.
        void recorder.until(({ notes }) => notes.length > 0).then(() => stage.server.start());
      };
      const recorder = new Recorder();
      const { backfills } = await stage.application.service.run({ names: ['do-jobs'], observer: recorder });
      expect(backfills).toMatchObject([{ status: 'complete', proved: true }]);
      expect(stopped).toBe(true);
      expect(await readJobs(stage.database)).toEqual(allDoneOnce(100));
    },
  );

  it('ends the run after connectTimeoutMs, with work left, if it stays unreachable', async () => {
    DoJobs.before = async ({ context }) => {
      if (context.batch === 2) await stage.server.stop();
    };
    const started = performance.now();
    const { backfills } = await stage.application.service.run({
      names: ['do-jobs'],
      connectTimeoutMs: 1_000,
    });
    const took = performance.now() - started;
    await stage.server.start();
    DoJobs.before = () => undefined;
    expect(backfills).toMatchObject([{ status: 'incomplete', waitingFor: 'the database', updated: 10 }]);
    // The time-out must not repeat for the release of the lease and the recording of the outcome.
    expect(took).toBeLessThan(20_000);
    const after = await stage.application.service.run({ names: ['do-jobs'] });
    expect(after).toMatchObject({ outcome: 'complete', backfills: [{ updated: 90 }] });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(100));
  });
});

describe('a faulty network', () => {
  let direct: TestDatabase;
  let proxy: ProtocolProxy;
  let application: TestApplication;

  beforeAll(async () => {
    direct = await TestDatabase.create();
    proxy = await ProtocolProxy.start(direct);
    application = await TestApplication.start({
      database: proxy.database,
      entities: [Job, JobLog],
      backfills: [DoJobs, NoteJobs],
      module: { defaults: { pause: 0, statementTimeout: 500, idleInTransactionTimeout: 500 } },
    });
    await application.service.run(); // installs the ledger
  });
  beforeEach(() => resetJobs(direct, 100));
  afterAll(async () => {
    await application.stop();
    await proxy.close();
    await direct.drop();
  });

  it('does not end the process when it closes a connection during any start-up message: the run completes', async () => {
    const interrupted: string[] = [];
    while (interrupted.at(-1) !== 'ReadyForQuery') {
      await terminateBackfills(direct);
      await until(() => proxy.connections === 0); // so that the run needs a new connection
      const fault = proxy.injectFault('terminate', interrupted.length + 1);
      const run = application.service.run({ names: ['note-jobs'] });
      interrupted.push((await fault).name);
      expect(await run).toMatchObject({ backfills: [{ status: 'complete', proved: true }] });
    }
    expect(interrupted[0]).toBe('StartupMessage');
    expect(await direct.query('SELECT id FROM jobs WHERE note IS NULL')).toEqual([]);
  });

  it('that loses the answer to a COMMIT does not make the report miss its rows', async () => {
    const recorder = new Recorder();
    const run = application.service.run({ names: ['do-jobs'], observer: recorder });
    await recorder.until(({ progress }) => progress.length === 2);
    void proxy.injectFault('cut', ({ from, name, bytes }) => {
      return from === 'server' && name === 'CommandComplete' && bytes.includes('COMMIT');
    });
    expect(await run).toMatchObject({ backfills: [{ status: 'complete', updated: 100 }] });
    expect(recorder.notes.join()).toContain('The connection was lost');
    expect(await readJobs(direct)).toEqual(allDoneOnce(100));
  });

  it.each([
    ['set', 'note-jobs', 'note'],
    ['process', 'do-jobs', 'done_at'],
  ])(
    'does not end a `%s` run when it drops every packet: the run continues on a new connection',
    async (_, name, column) => {
      const recorder = new Recorder();
      const run = application.service.run({ names: [name], observer: recorder });
      await recorder.until(({ progress }) => progress.length === 2);
      proxy.stallConnections();
      expect(await run).toMatchObject({ outcome: 'complete' });
      expect(recorder.notes.join()).toContain('The connection was lost');
      expect(await direct.query(`SELECT id FROM jobs WHERE ${column} IS NULL`)).toEqual([]);
    },
  );

  it('lets another process take over the range and finish when it drops the second half of a heartbeat', async () => {
    const module = {
      leaseDuration: 1_000,
      defaults: { statementTimeout: 500, idleInTransactionTimeout: 500 },
    };
    const options = { entities: [Job, JobLog], backfills: [DoJobs, NoteJobs], module, synchronize: false };
    const first = await TestApplication.start({ ...options, database: proxy.database });
    const second = await TestApplication.start({ ...options, database: direct });
    let unblock: () => void = () => undefined;
    const unblocked = new Promise<void>((resolve) => (unblock = resolve));
    DoJobs.before = () => unblocked;
    let isRenewal = false;
    const fault = proxy.injectFault('vanish', ({ from, name, bytes }) => {
      isRenewal ||= name === 'Parse' && bytes.includes('SET lease_expires_at');
      return isRenewal && from === 'client' && name === 'Sync';
    });
    const run = first.service.run({ names: ['do-jobs'] });
    expect((await fault).name).toBe('Sync');
    DoJobs.before = () => undefined;
    await untilRow(direct, 'SELECT FROM nestjs_backfill.range WHERE lease_expires_at < clock_timestamp()');
    expect(await second.service.run({ names: ['do-jobs'] })).toMatchObject({
      backfills: [{ status: 'complete', proved: true, updated: 100 }],
    });
    proxy.heal();
    unblock();
    await run;
    expect(await readJobs(direct)).toMatchObject({ lines: 100, distinct: 100, counted: 100 });
    await first.stop();
    await second.stop();
  });
});
