import { hostname } from 'node:os';
import { DoJobs, eachOnce, JobsProcess, jobsStage, lookAtJobs, startAfresh } from '../../../support/jobs.ts';
import { Recorder } from '../../../support/recorder.ts';
import type { Stage } from '../../../support/stage.ts';
import { until } from '../../../support/until.ts';

const JOBS = 60;
const LEASE = 1_000;

const stage = jobsStage(JOBS, { module: { leaseDuration: LEASE, defaults: { pause: 0 } } });
beforeEach(() => startAfresh(stage.database, JOBS));

/** Stops the first run in its second batch; what it did then goes on when `goOn` is called. */
function pauseInSecondBatch(): { readonly reached: Promise<void>; readonly goOn: () => void } {
  let tellReached: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  const reached = new Promise<void>((resolve) => (tellReached = resolve));
  const free = new Promise<void>((resolve) => (goOn = resolve));
  let paused = false;
  DoJobs.before = async ({ context }) => {
    if (context.batch !== 2 || paused) return;
    paused = true;
    tellReached();
    await free;
  };
  return { reached, goOn };
}

/** Leaves the run after one batch, with its range held by somebody. */
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

describe('a backfill that is running already', () => {
  it('is left to the one who holds its lease, who is named', async () => {
    const { reached, goOn } = pauseInSecondBatch();
    const first = stage.run('do-jobs');
    await reached;
    const second = JobsProcess.run(stage.database, ['do-jobs', '--strict', '--json'], {
      leaseDuration: LEASE,
    });
    const { code, stdout } = await second.ended;
    goOn();
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
    expect(await lookAtJobs(stage.database)).toEqual(eachOnce(JOBS));
  });

  it('keeps its lease while one batch takes longer than that: the code of `process`', async () => {
    const { reached, goOn } = pauseInSecondBatch();
    const recorder = new Recorder();
    const run = stage.run('do-jobs', { recorder });
    await reached;
    await untilRenewed(3);
    goOn();
    expect(await run).toMatchObject({ status: 'complete', updated: JOBS });
    expect(recorder.notes).toEqual([]);
  });

  it('keeps its lease while one batch takes longer than that: one statement with a slow trigger', async () => {
    await stage.query(`
      CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 15 THEN PERFORM pg_advisory_xact_lock(15); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER dawdle BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION dawdle()`);
    await stage.database.session(async (holder) => {
      await holder.query('SELECT pg_advisory_lock(15)');
      const recorder = new Recorder();
      const run = stage.run('note-jobs', { recorder });
      await recorder.until(({ progress }) => progress.length === 1);
      await untilRenewed(4);
      await holder.query('SELECT pg_advisory_unlock(15)');
      expect(await run).toMatchObject({ status: 'complete', updated: JOBS });
      expect(recorder.notes).toEqual([]);
    });
    await stage.query('DROP TRIGGER dawdle ON jobs; DROP FUNCTION dawdle');
  });

  /** The lease has been renewed so many times since: that is longer than it lasts. */
  async function untilRenewed(times: number): Promise<void> {
    const seen = new Set<string>();
    await until(async () => {
      seen.add(await stage.value(`SELECT max(lease_expires_at)::text FROM nestjs_backfill.range`));
      return seen.size > times;
    });
  }
});

describe('a holder that has lost its lease', () => {
  it('cannot commit once another has taken over, and says so; every row is done once', async () => {
    const { reached, goOn } = pauseInSecondBatch();
    const zombie = stage.run('do-jobs');
    await reached;
    // As if nothing had been heard of it for the length of its lease.
    await stage.query(
      `UPDATE nestjs_backfill.range SET lease_owner = 'elsewhere:1:other', fencing_token = fencing_token + 1`,
    );
    goOn();
    const report = await zombie;
    expect(report).toMatchObject({ status: 'running', proved: false, updated: 10 });
    expect(report.reason).toContain('Another process has taken over the range');
    expect(await lookAtJobs(stage.database)).toMatchObject({ done: 10, lines: 10, counted: 10 });
    // It is the other one's to say how it ends.
    expect(await statusOf(stage)).toBe('running');
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete', updated: JOBS - 10 });
    expect(await lookAtJobs(stage.database)).toEqual(eachOnce(JOBS));
  });

  it('goes on when nobody has taken it over meanwhile', async () => {
    const { reached, goOn } = pauseInSecondBatch();
    const run = stage.run('do-jobs');
    await reached;
    await stage.query(
      `UPDATE nestjs_backfill.range SET lease_expires_at = clock_timestamp() - interval '1 h'`,
    );
    goOn();
    expect(await run).toMatchObject({ status: 'complete', updated: JOBS });
    expect(await lookAtJobs(stage.database)).toEqual(eachOnce(JOBS));
  });

  it('is taken over at once when it was a process of this machine that is gone', async () => {
    await leaveHeldBy(`${hostname()}:${await deadProcess()}:gone`, 3_600_000);
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete', updated: JOBS - 10 });
    expect(await lookAtJobs(stage.database)).toEqual(eachOnce(JOBS));
  });

  it('is taken over after its lease when it was on another machine and gives no sign of life', async () => {
    await leaveHeldBy('elsewhere:1:silent', LEASE);
    expect(await stage.run('do-jobs')).toMatchObject({ status: 'complete', updated: JOBS - 10 });
    expect(await lookAtJobs(stage.database)).toEqual(eachOnce(JOBS));
  });

  it('is not taken over while it gives signs of life from another machine', async () => {
    await leaveHeldBy('elsewhere:1:alive', 3_600_000);
    const run = stage.run('do-jobs');
    let over = false;
    void run.finally(() => (over = true));
    await until(async () => {
      await stage.query(
        `UPDATE nestjs_backfill.range SET lease_expires_at = lease_expires_at + interval '1 s'`,
      );
      return over;
    });
    expect(await run).toMatchObject({
      status: 'running',
      updated: 0,
      waitingFor: 'the lease of elsewhere:1:alive',
    });
  });
});

describe('the ledger', () => {
  it('counts at any instant just the rows that are changed', async () => {
    await startAfresh(stage.database, 600);
    let over = false;
    const run = stage.run('do-jobs').finally(() => (over = true));
    const seen = new Set<number>();
    await until(async () => {
      const look = await lookAtJobs(stage.database);
      expect(look).toMatchObject({ counted: look.lines, done: look.lines, distinct: look.lines, astray: 0 });
      seen.add(look.lines);
      return over;
    });
    expect(await run).toMatchObject({ status: 'complete', updated: 600 });
    expect(seen.size).toBeGreaterThan(1);
  });
});
