import {
  DoJobs,
  allDoneOnce,
  JobsProcess,
  jobsStage,
  readJobs,
  resetJobs,
} from '../../support/applications/jobs.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { until } from '../../support/runs/until.ts';

/** Half of the lock timeout, at which a process that ignores the signal would end. */
const MAX_EXIT_MS = 30_000;
const JOBS = 200;

describe('SIGTERM', () => {
  const stage = jobsStage(JOBS);
  beforeEach(() => resetJobs(stage.database, JOBS));

  /** The ledger's record of the end of the run. */
  async function record(name: string): Promise<unknown> {
    const [row] = await stage.query(
      `SELECT b.status, b.reason, t.to_status, t.reason AS transition, r.lease_owner AS holder, count(*) OVER ()::int AS ranges
       FROM nestjs_backfill.backfill AS b JOIN nestjs_backfill.range AS r USING (name, version),
         LATERAL (SELECT * FROM nestjs_backfill.transition AS t WHERE t.name = b.name ORDER BY id DESC LIMIT 1) AS t
       WHERE b.name = $1`,
      [name],
    );
    return row;
  }

  const RECORDED = {
    status: 'incomplete',
    reason: 'Stopped by SIGTERM.',
    to_status: 'incomplete',
    transition: 'Stopped by SIGTERM.',
    holder: null,
    ranges: 1,
  };

  /** @returns milliseconds from the signal to the end of the process */
  async function terminate(running: ReturnType<typeof JobsProcess.run>): Promise<number> {
    const sent = performance.now();
    running.child.kill('SIGTERM');
    const { code } = await running.ended;
    expect(code).toBe(0);
    return performance.now() - sent;
  }

  function untilASessionWaits(): Promise<void> {
    return until(
      async () =>
        (await stage.value(
          `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        )) !== '0',
    );
  }

  it('lets the current batch of a run commit and records why the run stopped', async () => {
    const running = JobsProcess.run(stage.database, ['do-jobs'], {
      // The run cannot end before the signal arrives, which ends the pause.
      defaults: { pause: 3_600_000, progressEvery: 1 },
    });
    await running.printed('do-jobs: 10 rows');
    expect(await terminate(running)).toBeLessThan(MAX_EXIT_MS);
    const state = await readJobs(stage.database);
    expect(state).toMatchObject({
      done: state.lines,
      counted: state.lines,
      distinct: state.lines,
      astray: 0,
    });
    expect(state.done).toBeLessThan(JOBS);
    expect(await record('do-jobs')).toEqual(RECORDED);
    const { code } = await JobsProcess.run(stage.database, ['do-jobs', '--strict']).ended;
    expect(code).toBe(0);
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('ends a run while a batch waits for a lock on the table', async () => {
    const holder = await LockHolder.hold(stage.database, 'SELECT 1');
    const running = JobsProcess.run(stage.database, ['note-jobs'], {
      defaults: { pause: 100, progressEvery: 1 },
    });
    await running.printed('note-jobs: 10 rows');
    await holder.query('LOCK TABLE jobs IN EXCLUSIVE MODE');
    await untilASessionWaits();
    expect(await terminate(running)).toBeLessThan(MAX_EXIT_MS);
    await holder.release();
    expect(await record('note-jobs')).toEqual(RECORDED);
  });

  it('ends a run while the settling pass waits for a row', async () => {
    const holder = await LockHolder.hold(stage.database, 'SELECT FROM jobs WHERE id = 7 FOR UPDATE');
    const running = JobsProcess.run(stage.database, ['do-jobs']);
    await running.printed('id=7');
    expect(await terminate(running)).toBeLessThan(MAX_EXIT_MS);
    await holder.release();
    expect(await record('do-jobs')).toEqual(RECORDED);
    expect(await readJobs(stage.database)).toMatchObject({ done: JOBS - 1, lines: JOBS - 1 });
  });

  it('ends a run while a statement is stuck in a slow trigger, and the batch is rolled back', async () => {
    await stage.query(`
      CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 25 THEN PERFORM pg_advisory_xact_lock(25); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER wait_for_test BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION wait_for_test()`);
    const holder = await LockHolder.hold(stage.database, 'SELECT pg_advisory_xact_lock(25)');
    const running = JobsProcess.run(stage.database, ['do-jobs']);
    await untilASessionWaits();
    expect(await terminate(running)).toBeLessThan(MAX_EXIT_MS);
    await holder.release();
    await stage.query('DROP TRIGGER wait_for_test ON jobs; DROP FUNCTION wait_for_test');
    expect(await record('do-jobs')).toEqual(RECORDED);
    expect(await readJobs(stage.database)).toMatchObject({ done: 20, lines: 20, counted: 20 });
  });

  it('ends a run while another process installs the ledger', async () => {
    await stage.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
    const holder = await LockHolder.hold(
      stage.database,
      `SELECT pg_advisory_xact_lock(hashtext('nestjs-backfill ledger nestjs_backfill'))`,
    );
    const running = JobsProcess.run(stage.database, ['do-jobs']);
    await untilASessionWaits();
    expect(await terminate(running)).toBeLessThan(MAX_EXIT_MS);
    await holder.release();
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete' });
  });
});

describe('a request to stop', () => {
  const stage = jobsStage(JOBS);

  it('does not change the status in the ledger before the first batch', async () => {
    const stop = AbortSignal.abort('SIGTERM');
    expect(await stage.run('do-jobs', { signal: stop })).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped by SIGTERM.',
      updated: 0,
    });
    expect(await stage.status('do-jobs')).toMatchObject({ status: 'pending' });
  });

  it('lets the current batch commit, and no further one', async () => {
    const stop = new AbortController();
    DoJobs.before = ({ context }) => {
      if (context.batch === 3) stop.abort('SIGINT');
    };
    expect(await stage.run('do-jobs', { signal: stop.signal })).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped by SIGINT.',
      updated: 30,
    });
    expect(await stage.status('do-jobs')).toMatchObject({
      status: 'incomplete',
      reason: 'Stopped by SIGINT.',
    });
  });
});
