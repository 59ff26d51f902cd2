import type { ProcessResult, RunningProcess } from '../../../support/applications/fixture-app.ts';
import {
  allDoneOnce,
  JobsProcess,
  jobsStage,
  readJobs,
  resetJobs,
} from '../../../support/applications/jobs.ts';
import { until } from '../../../support/runs/until.ts';

const JOBS = 1_000;
const MODULE = {
  leaseDuration: 1_000,
  defaults: { pause: 3, workers: 2, maxWorkers: 8, idleInTransactionTimeout: 1_500, lockTimeout: 20_000 },
};

const stage = jobsStage(JOBS, { module: MODULE });
beforeAll(async () => {
  await stage.query(`CREATE FUNCTION wait_for_others() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF (SELECT count(*) FROM job_log WHERE pid = NEW.pid) >= 20 THEN PERFORM pg_advisory_xact_lock_shared(1); END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER wait_for_others BEFORE INSERT ON job_log FOR EACH ROW EXECUTE FUNCTION wait_for_others()`);
});
beforeEach(() => resetJobs(stage.database, JOBS));

const start = (env: NodeJS.ProcessEnv) => JobsProcess.run(stage.database, ['do-jobs', '--json'], MODULE, env);
const jobsOf = async (pid: number | undefined) =>
  Number(await stage.value('SELECT count(*) FROM job_log WHERE pid = $1', [pid]));
/** Starts instances and blocks each after its first batches until all of them work. */
const startTogether = (...environments: NodeJS.ProcessEnv[]) =>
  stage.database.session(async (holder) => {
    await holder.query('SELECT pg_advisory_lock(1)');
    const running = environments.map(start);
    await until(async () => {
      const done = await Promise.all(running.map(({ child }) => jobsOf(child.pid)));
      return done.every((jobs) => jobs > 0);
    });
    return running;
  });
const reportOf = async (running: RunningProcess | undefined) => {
  const { code, stdout } = (await running?.ended) as ProcessResult;
  const { backfills } = JSON.parse(stdout) as { backfills: { status: string; updated: number }[] };
  return { code, ...backfills[0] };
};

describe('instances of an application that run one backfill together', () => {
  it('change each row once, and each instance changes some of them', async () => {
    const instances = await startTogether({}, {}, {});
    const reports = await Promise.all(instances.map(reportOf));
    expect(reports.map(({ code, status }) => ({ code, status }))).toEqual(
      Array.from({ length: 3 }, () => ({ code: 0, status: 'complete' })),
    );
    expect(reports.reduce((sum, { updated = 0 }) => sum + updated, 0)).toBe(JOBS);
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('take over the ranges of a killed instance', async () => {
    const [killed, survivor] = await startTogether({}, {});
    killed?.child.kill('SIGKILL');
    expect(await reportOf(survivor)).toMatchObject({ code: 0, status: 'complete' });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('take over the ranges of a suspended instance, which commits nothing after it wakes up', async () => {
    const [sleeper, awake] = await startTogether({}, {});
    sleeper?.child.kill('SIGSTOP');
    expect(await reportOf(awake)).toMatchObject({ code: 0, status: 'complete' });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
    sleeper?.child.kill('SIGCONT');
    await sleeper?.ended;
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('use the clock of the database: an instance whose clock is a year ahead does no harm', async () => {
    const ahead = { NODE_OPTIONS: `--import=${AHEAD}` };
    const [right, wrong] = await startTogether({}, ahead);
    expect(await reportOf(right)).toMatchObject({ code: 0 });
    expect(await reportOf(wrong)).toMatchObject({ code: 0 });
    expect(await stage.status('do-jobs')).toMatchObject({ status: 'complete' });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });
});

const AHEAD = `data:text/javascript,${encodeURIComponent('const now = Date.now; Date.now = () => now() + 366 * 86_400_000;')}`;
