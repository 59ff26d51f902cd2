import { hostname, userInfo } from 'node:os';
import {
  IllegalTransitionError,
  NothingToSetError,
  SettingValueError,
  UnknownBackfillError,
  UnknownSettingError,
} from 'nestjs-backfill/errors';
import {
  DoJobs,
  allDoneOnce,
  JobsProcess,
  jobsStage,
  readJobs,
  resetJobs,
} from '../../support/applications/jobs.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { until } from '../../support/runs/until.ts';

const JOBS = 200;
const ACTOR = `${userInfo().username}@${hostname()}`;

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string;

/** 20 batches of ten jobs, with a pause after each: the run lasts long enough to be changed. */
const SLOW = { defaults: { pause: 200, progressEvery: 1 } };

const stage = jobsStage(JOBS, { module: { leaseDuration: 5_000, ...SLOW, throttles: { interval: 50 } } });
beforeEach(() => resetJobs(stage.database, JOBS));

function service() {
  return stage.application.service;
}

function lastTransition(): Promise<unknown[]> {
  return stage.query(
    `SELECT from_status, to_status, reason, actor FROM nestjs_backfill.transition ORDER BY id DESC LIMIT 1`,
  );
}

/** Runs a control command, as an operator types it. */
function control(...parameters: string[]) {
  return JobsProcess.command(stage.database, parameters);
}

describe('--pause', () => {
  it('stops a run in another process, which releases its range; --resume lets the next run continue', async () => {
    // The pause is long, so that the command's process starts before the run ends on any machine.
    const running = JobsProcess.run(stage.database, ['do-jobs', '--json'], {
      defaults: { pause: 10_000, progressEvery: 1 },
    });
    await running.printed('"updated":20');
    const { code, stdout } = await control('--pause', 'do-jobs', '--why', 'the noon rush').ended;
    expect(code).toBe(0);
    expect(stdout).toContain(`Paused by ${ACTOR}: the noon rush.`);
    const ended = await running.ended;
    expect(ended.code).toBe(0);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      outcome: 'incomplete',
      backfills: [
        {
          status: 'paused',
          reason: `Paused by ${ACTOR}: the noon rush.`,
          waitingFor: `a person to resume it: Paused by ${ACTOR}: the noon rush.`,
        },
      ],
    });
    expect(await lastTransition()).toEqual([
      {
        from_status: 'running',
        to_status: 'paused',
        reason: `Paused by ${ACTOR}: the noon rush.`,
        actor: ACTOR,
      },
    ]);
    const jobs = await readJobs(stage.database);
    expect(jobs.done).toBeLessThan(JOBS);
    expect(jobs).toMatchObject({ lines: jobs.done, counted: jobs.done, astray: 0 });
    expect(await stage.status('do-jobs')).toMatchObject({ status: 'paused', leasedBy: null });
    // The next run leaves it paused, and --strict reports that in the exit code.
    expect((await JobsProcess.run(stage.database, ['do-jobs', '--strict']).ended).code).toBe(3);
    expect(await readJobs(stage.database)).toMatchObject({ done: jobs.done });
    expect((await control('--resume', 'do-jobs').ended).stdout).toContain('The next run continues it.');
    expect((await JobsProcess.run(stage.database, ['do-jobs', '--strict']).ended).code).toBe(0);
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('prevents the first run of a backfill', async () => {
    await stage.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
    expect(await service().pause('do-jobs')).toMatchObject({ changed: true, status: 'paused' });
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'paused', updated: 0 });
    expect(await service().resume('do-jobs')).toMatchObject({ changed: true, status: 'incomplete' });
  });

  it('stays in force if a run ends for another reason at the same time', async () => {
    const stop = new AbortController();
    const recorder = new Recorder();
    DoJobs.before = async ({ context }) => {
      if (context.batch !== 2) return;
      await service().pause('do-jobs', { by: 'ann@desk' });
      stop.abort('SIGTERM');
    };
    await stage.run('do-jobs', { signal: stop.signal, recorder });
    expect(await stage.status('do-jobs')).toMatchObject({ status: 'paused', reason: 'Paused by ann@desk.' });
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'paused', updated: 0 });
  });

  it('stops a run that has just started', async () => {
    DoJobs.before = () =>
      service()
        .pause('do-jobs')
        .then(() => undefined);
    const report = await stage.run('do-jobs');
    expect(report).toMatchObject({ status: 'paused' });
    expect(report.updated).toBeLessThan(JOBS);
  });

  it('changes nothing the second time, and neither does --resume of a backfill that is not paused', async () => {
    await service().pause('do-jobs', { by: 'ann@desk', why: 'lunch' });
    expect(await service().pause('do-jobs', { by: 'bob@desk' })).toMatchObject({
      changed: false,
      reason: 'Paused by ann@desk: lunch.',
    });
    await service().resume('do-jobs');
    expect(await service().resume('do-jobs')).toMatchObject({ changed: false, status: 'incomplete' });
  });

  it('does not stop a run if the backfill is resumed before the run notices the pause', async () => {
    let resumed: unknown;
    DoJobs.before = async ({ context }) => {
      if (context.batch !== 2) return;
      await service().pause('do-jobs');
      resumed = await service().resume('do-jobs');
    };
    await service().set('do-jobs', { pause: 0 });
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete', updated: JOBS });
    expect(resumed).toMatchObject({ status: 'running', changed: true });
  });

  it('is refused for a complete backfill', async () => {
    await service().set('do-jobs', { pause: 0 });
    await stage.run('do-jobs');
    await expect(service().pause('do-jobs')).rejects.toThrow(IllegalTransitionError);
    const { code, stderr } = await control('--pause', 'do-jobs').ended;
    expect(code).toBe(2);
    expect(stderr).toContain('is complete and cannot become paused');
  });
});

describe('--pause of a run with several workers', () => {
  const MANY = 2_000;
  const several = jobsStage(MANY, {
    module: { defaults: { pause: 100, workers: 3 }, throttles: { interval: 50 } },
    poolSize: 10,
  });
  const leasedRanges = 'SELECT count(*) FROM nestjs_backfill.range WHERE lease_owner IS NOT NULL';

  it('stops all workers, each after its current batch', async () => {
    const run = several.run('note-jobs');
    await until(async () => (await several.value(leasedRanges).catch(() => '0')) === '3');
    await several.application.service.pause('note-jobs');
    expect(await run).toMatchObject({ status: 'paused' });
    expect(await several.value(leasedRanges)).toBe('0');
    const done = await several.value('SELECT count(*) FROM jobs WHERE note IS NOT NULL');
    expect(done).toBe(await several.value('SELECT sum(updated) FROM nestjs_backfill.range'));
    expect(Number(done)).toBeLessThan(MANY);
    await several.application.service.resume('note-jobs');
    await several.application.service.set('note-jobs', { pause: 0 });
    expect(await several.run('note-jobs')).toMatchObject({
      status: 'complete',
      updated: MANY - Number(done),
    });
  });
});

describe('--cancel', () => {
  it('stops a running backfill until a person resumes it', async () => {
    // The run cannot end before it is cancelled: each pause takes an hour.
    await service().set('do-jobs', { pause: 3_600_000 });
    const run = stage.run('do-jobs');
    await until(async () => (await readJobs(stage.database)).done >= 10);
    await service().cancel('do-jobs', { by: 'ann@desk', why: 'not needed after all' });
    expect(await run).toMatchObject({
      status: 'cancelled',
      reason: 'Cancelled by ann@desk: not needed after all.',
      waitingFor: null,
    });
    expect((await readJobs(stage.database)).done).toBeLessThan(JOBS);
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'cancelled', updated: 0 });
    expect(await service().resume('do-jobs')).toMatchObject({ status: 'pending' });
    await service().set('do-jobs', { pause: 0 });
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete' });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });
});

describe('--set', () => {
  it('changes a run in another process; --status shows the setting with its actor, time and reason', async () => {
    const running = JobsProcess.run(stage.database, ['do-jobs', '--json'], {
      defaults: { pause: 3_600_000, progressEvery: 1 },
    });
    await running.printed('"updated":10');
    // The run is in a pause of an hour.
    const set = ['--set', 'do-jobs', 'batchSize=95', 'pause=20ms', 'workers=3', '--why', 'it is night'];
    const { code, stdout } = await control(...set).ended;
    expect(code).toBe(0);
    expect(stdout).toContain(`Live setting: batchSize=95 (${ACTOR}, `);
    const ended = await running.ended;
    expect(JSON.parse(ended.stdout)).toMatchObject({
      outcome: 'complete',
      backfills: [{ updated: JOBS, batches: 3 }],
    });
    const { settings } = await stage.status('do-jobs');
    expect(settings).toEqual([
      {
        setting: 'batchSize',
        value: '95',
        by: ACTOR,
        why: 'it is night',
        at: ISO,
      },
      { setting: 'pause', value: '20', by: ACTOR, why: 'it is night', at: ISO },
      { setting: 'workers', value: '3', by: ACTOR, why: 'it is night', at: ISO },
    ]);
    const status = await JobsProcess.command(stage.database, ['--status', 'do-jobs']).ended;
    expect(status.stdout).toContain(`Live setting: pause=20 (${ACTOR}, `);
  });

  it('applies to later runs until null restores the declared value, and the ledger keeps the history', async () => {
    await service().set('do-jobs', { batchSize: 100, pause: 0 }, { by: 'ann@desk' });
    expect(await service().set('do-jobs', { batchSize: 100 })).toMatchObject({ changed: false });
    expect(await stage.run('do-jobs')).toMatchObject({ batches: 2 });
    await service().set('do-jobs', { batchSize: null }, { by: 'bob@desk', why: 'too much' });
    expect((await stage.status('do-jobs')).settings).toMatchObject([{ setting: 'pause', by: 'ann@desk' }]);
    expect(
      await stage.query('SELECT setting, value, set_by, why FROM nestjs_backfill.control ORDER BY id'),
    ).toEqual([
      { setting: 'batchSize', value: '100', set_by: 'ann@desk', why: null },
      { setting: 'pause', value: '0', set_by: 'ann@desk', why: null },
      { setting: 'batchSize', value: null, set_by: 'bob@desk', why: 'too much' },
    ]);
  });

  it.each([
    [['--set', 'do-job', 'workers=4'], 'There is no backfill "do-job"', 'Did you mean "do-jobs"?'],
    [['--set', 'do-jobs', 'worker=4'], '"worker" cannot be set', 'Did you mean workers?'],
    [['--set', 'do-jobs', 'batchSize=0'], 'batchSize cannot be "0"', 'from 1 to 100000'],
    [['--set', 'do-jobs', 'batchSize=20ms'], 'batchSize cannot be "20ms"', 'from 1 to 100000'],
    [['--pause', 'do-job'], 'There is no backfill "do-job"', 'Did you mean "do-jobs"?'],
  ])(
    'is refused with exit code 2 and changes nothing if the command line is %j',
    async (parameters, problem, remedy) => {
      await service().set('do-jobs', { pause: 1 });
      const { code, stderr } = await control(...parameters).ended;
      expect(code).toBe(2);
      expect(stderr).toContain(problem);
      expect(stderr).toContain(remedy);
      expect(await stage.value('SELECT count(*) FROM nestjs_backfill.control')).toBe('1');
    },
  );

  it('fails with exit code 2 if the database is unreachable', async () => {
    const { code, stdout } = await JobsProcess.command(
      stage.database.at('postgres://nobody@127.0.0.1:1/nowhere'),
      ['--pause', 'do-jobs', '--connect-timeout', '100ms'],
    ).ended;
    expect(code).toBe(2);
    expect(stdout).toContain('could not be reached');
  });

  it('throws an error of a specific class for each kind of mistake when it is called in code', async () => {
    const { set } = { set: service().set.bind(service()) };
    await expect(set('do-job', { pause: 1 })).rejects.toThrow(UnknownBackfillError);
    await expect(set('do-jobs', {})).rejects.toThrow(NothingToSetError);
    await expect(set('do-jobs', { pause: -1 })).rejects.toThrow(SettingValueError);
    await expect(set('do-jobs', { speed: 1 } as never)).rejects.toThrow(UnknownSettingError);
  });
});
