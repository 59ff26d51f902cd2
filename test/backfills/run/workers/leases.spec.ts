import { hostname } from 'node:os';
import {
  DoJobs,
  allDoneOnce,
  JobsProcess,
  jobsStage,
  readJobs,
  resetJobs,
} from '../../../support/applications/jobs.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import type { Stage } from '../../../support/applications/stage.ts';
import { until } from '../../../support/runs/until.ts';

const JOBS = 60;
const LEASE = 1_000;

const stage = jobsStage(JOBS, { module: { leaseDuration: LEASE, defaults: { pause: 0 } } });
beforeEach(() => resetJobs(stage.database, JOBS));

/** Blocks the first run in its second batch until `unblock` is called. */
function blockInSecondBatch(): { readonly reached: Promise<void>; readonly unblock: () => void } {
  let signalReached: () => void = () => undefined;
  let unblock: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (signalReached = resolve));
  const unblocked = new Promise<void>((resolve) => (unblock = resolve));
  let isBlocked = false;
  DoJobs.before = async ({ context }) => {
    if (context.batch !== 2 || isBlocked) return;
    isBlocked = true;
    signalReached();
    await unblocked;
  };
  return { reached, unblock };
}

/** Stops a run after one batch and gives its range to another owner. */
async function leaveHeldBy(owner: string, leaseMs: number): Promise<void> {
  const stop = new AbortController();
  const recorder = new Recorder();
  DoJobs.before = () => stop.abort('the test');
  await stage.run('do-jobs', { signal: stop.signal, recorder });
  DoJobs.before = () => undefined;
  await stage.query(
    `UPDATE nestjs_backfill.range SET lease_owner = $1, fencing_token = fencing_token + 1,
       lease_expires_at = clock_timestamp() + $2::int * interval '1 ms'`,
    [owner, leaseMs],
  );
}

async function deadProcess(): Promise<number> {
  const running = JobsProcess.run(stage.database, ['--help']);
  await running.ended;
  return running.child.pid ?? 0;
}

function statusOf(of: Stage): Promise<string> {
  return of.value(`SELECT status FROM nestjs_backfill.backfill WHERE name = 'do-jobs'`);
}

describe('a backfill that another process runs', () => {
  it('is not run by a second process, whose report names the holder of the lease', async () => {
    const { reached, unblock } = blockInSecondBatch();
    const first = stage.run('do-jobs');
    await reached;
    const second = JobsProcess.run(stage.database, ['do-jobs', '--strict', '--json'], {
      leaseDuration: LEASE,
    });
    const { code, stdout } = await second.ended;
    unblock();
    expect(JSON.parse(stdout)).toMatchObject({
      backfills: [
        {
          status: 'running',
          updated: 0,
          waitingFor: expect.stringMatching(`^the lease of ${hostname()}:${process.pid}:`) as string,
        },
      ],
    });
    expect(code).toBe(3);
    expect(await first).toMatchObject({ status: 'complete', updated: JOBS });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('keeps its lease while the code of `process` takes longer than the lease', async () => {
    const { reached, unblock } = blockInSecondBatch();
    const recorder = new Recorder();
    const run = stage.run('do-jobs', { recorder });
    await reached;
    await untilRenewed(3);
    unblock();
    expect(await run).toMatchObject({ status: 'complete', updated: JOBS });
    expect(recorder.notes.filter((note) => !/^(Limited by|Sweeps in)/.test(note))).toEqual([]);
  });

  it('keeps its lease while a statement with a slow trigger takes longer than the lease', async () => {
    await stage.query(`
      CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 15 THEN PERFORM pg_advisory_xact_lock(15); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER slow BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION be_slow()`);
    await stage.database.session(async (holder) => {
      await holder.query('SELECT pg_advisory_lock(15)');
      const recorder = new Recorder();
      const run = stage.run('note-jobs', { recorder });
      await recorder.until(({ progress }) => progress.length === 1);
      await untilRenewed(4);
      await holder.query('SELECT pg_advisory_unlock(15)');
      expect(await run).toMatchObject({ status: 'complete', updated: JOBS });
      expect(recorder.notes.filter((note) => !/^(Limited by|Sweeps in)/.test(note))).toEqual([]);
    });
    await stage.query('DROP TRIGGER slow ON jobs; DROP FUNCTION be_slow');
  });

  /** Waits for renewals: three of them take as long as the lease. */
  async function untilRenewed(times: number): Promise<void> {
    const seen = new Set<string>();
    await until(async () => {
      seen.add(await stage.value(`SELECT max(lease_expires_at)::text FROM nestjs_backfill.range`));
      return seen.size > times;
    });
  }
});

describe('a holder whose lease has ended', () => {
  it('cannot commit after another process has taken over, reports that, and each row is changed once', async () => {
    const { reached, unblock } = blockInSecondBatch();
    const stalled = stage.run('do-jobs');
    await reached;
    // As if the lease had expired without a renewal.
    await stage.query(
      `UPDATE nestjs_backfill.range SET lease_owner = 'elsewhere:1:other', fencing_token = fencing_token + 1`,
    );
    unblock();
    const report = await stalled;
    expect(report).toMatchObject({ status: 'running', proved: false, updated: 10 });
    expect(report.reason).toContain('Another process has taken over the range');
    expect(await readJobs(stage.database)).toMatchObject({ done: 10, lines: 10, counted: 10 });
    // The other process records the outcome.
    expect(await statusOf(stage)).toBe('running');
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete', updated: JOBS - 10 });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('continues if no other process has taken over its range', async () => {
    const { reached, unblock } = blockInSecondBatch();
    const run = stage.run('do-jobs');
    await reached;
    await stage.query(
      `UPDATE nestjs_backfill.range SET lease_expires_at = clock_timestamp() - interval '1 h'`,
    );
    unblock();
    expect(await run).toMatchObject({ status: 'complete', updated: JOBS });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('is replaced at once if it was a process on this host that no longer exists', async () => {
    await leaveHeldBy(`${hostname()}:${await deadProcess()}:gone`, 3_600_000);
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete', updated: JOBS - 10 });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('is replaced when its lease expires if it is on another host and does not renew the lease', async () => {
    await leaveHeldBy('elsewhere:1:silent', LEASE);
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete', updated: JOBS - 10 });
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('is not replaced while it renews its lease from another host', async () => {
    await leaveHeldBy('elsewhere:1:alive', 3_600_000);
    const run = stage.run('do-jobs');
    let isOver = false;
    void run.finally(() => (isOver = true));
    await until(async () => {
      await stage.query(
        `UPDATE nestjs_backfill.range SET lease_expires_at = lease_expires_at + interval '1 s'`,
      );
      return isOver;
    });
    expect(await run).toMatchObject({
      status: 'running',
      updated: 0,
      waitingFor: 'the lease of elsewhere:1:alive',
    });
  });
});

describe('the ledger', () => {
  it('counts exactly the changed rows at any instant', async () => {
    await resetJobs(stage.database, 600);
    let isOver = false;
    const run = stage.run('do-jobs').finally(() => (isOver = true));
    const seen = new Set<number>();
    await until(async () => {
      const jobs = await readJobs(stage.database);
      expect(jobs).toMatchObject({ counted: jobs.lines, done: jobs.lines, distinct: jobs.lines, astray: 0 });
      seen.add(jobs.lines);
      return isOver;
    });
    expect(await run).toMatchObject({ status: 'complete', updated: 600 });
    expect(seen.size).toBeGreaterThan(1);
  });
});
