import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { CatchUpApplication, CapturedLog, ONCE_A_YEAR } from '../support/applications/catch-up.ts';
import { TestDatabase } from '../support/server/database.ts';
import { createGate } from '../support/runs/gate.ts';
import { allDoneOnce, JobsProcess, jobsStage, readJobs, resetJobs } from '../support/applications/jobs.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { until } from '../support/runs/until.ts';

/** A client that a backfill's code calls, until Nest destroys it. */
@Injectable()
class Dictionary implements OnModuleDestroy {
  static called: () => Promise<void> = async () => undefined;
  #closed = false;

  onModuleDestroy(): void {
    this.#closed = true;
  }

  async lookUp(name: string): Promise<string> {
    await Dictionary.called();
    if (this.#closed) throw new Error('The dictionary is closed.');
    return name.toLowerCase();
  }
}

@Backfill<Lead>({
  name: 'search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['name'],
  writes: ['searchName'],
  batchSize: 1,
})
class SearchName implements TransformBackfill<Lead, 'name'> {
  constructor(readonly dictionary: Dictionary) {}

  async transform(leads: readonly Pick<Lead, 'name'>[]) {
    return Promise.all(leads.map(async ({ name }) => ({ searchName: await this.dictionary.lookUp(name) })));
  }
}

const leases = `SELECT phase FROM nestjs_backfill.deploy_lease WHERE expires_at > clock_timestamp()
  UNION ALL SELECT lease_owner FROM nestjs_backfill.range WHERE lease_owner IS NOT NULL`;

describe('app.close() during a round', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await TestDatabase.create();
  });

  afterEach(async () => {
    Dictionary.called = async () => undefined;
    await database.drop();
  });

  async function start(shutdownTimeout?: number): Promise<CatchUpApplication> {
    const app = await CatchUpApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [SearchName],
      providers: [Dictionary],
      catchUp: { cron: ONCE_A_YEAR, ...(shutdownTimeout === undefined ? {} : { shutdownTimeout }) },
    });
    await addLeads(database, 3);
    return app;
  }

  const recorded = () => database.query('SELECT status, reason FROM nestjs_backfill.backfill');
  const done = () => database.query('SELECT FROM leads WHERE search_name IS NOT NULL');

  it('finishes the current batch and no other, records the reason, and releases the leases', async () => {
    const app = await start();
    const [started, resume] = [createGate(), createGate()];
    Dictionary.called = async () => {
      started.resolve();
      await resume.promise;
    };
    const round = app.runRound();
    await started.promise;
    const closed = app.stop();
    resume.resolve();
    await Promise.all([round, closed]);
    expect(await done()).toHaveLength(1);
    expect(await recorded()).toEqual([
      { status: 'incomplete', reason: "Stopped by the application's shutdown." },
    ]);
    expect(await database.query(leases)).toEqual([]);
  });

  it('destroys the injected providers only after the batch, so that no row goes to quarantine', async () => {
    const app = await start();
    const [started, closing] = [createGate(), createGate()];
    Dictionary.called = async () => {
      started.resolve();
      await closing.promise;
    };
    const round = app.runRound();
    await started.promise;
    const closed = app.stop();
    // By then Nest has destroyed every provider that does not wait for the round.
    setImmediate(closing.resolve);
    await Promise.all([round, closed]);
    expect(await database.query('SELECT FROM nestjs_backfill.quarantined_row')).toEqual([]);
    expect(await done()).toHaveLength(1);
  });

  it('cancels and rolls back a batch that takes longer than shutdownTimeout', async () => {
    const app = await start(1_000);
    await database.query(`CREATE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
      CREATE TRIGGER wait_for_test BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION wait_for_test()`);
    const holder = await LockHolder.hold(database, 'SELECT pg_advisory_xact_lock(7)');
    const round = app.runRound();
    await until(() => holder.isWaitedFor(database));
    await app.stop();
    await round;
    await holder.release();
    expect(await done()).toEqual([]);
    expect(await recorded()).toEqual([
      { status: 'incomplete', reason: "Stopped by the application's shutdown." },
    ]);
    expect(await database.query(leases)).toEqual([]);
  });

  it('waits at most shutdownTimeout for code that never returns, and logs that', async () => {
    const app = await start(200);
    const started = createGate();
    const returned = createGate();
    Dictionary.called = () => {
      started.resolve();
      return returned.promise;
    };
    const round = app.runRound();
    await started.promise;
    const log = CapturedLog.start();
    await app.stop();
    log.stop();
    expect(log.visible[0]).toMatch(/did not end within 200 ms/);
    expect(await done()).toEqual([]);
    // Otherwise the round would keep the test process alive.
    returned.resolve();
    await round;
  });
});

const JOBS = 100;
const LEASE = 1_000;

describe('a process that serves users', () => {
  const stage = jobsStage(JOBS);
  beforeEach(() => resetJobs(stage.database, JOBS));

  const moduleOptions = { leaseDuration: LEASE, defaults: { pause: 50 }, catchUp: { interval: 1_000 } };
  const untilDone = (count: number) => until(async () => (await countedJobs()) >= count);
  const countedJobs = async () => {
    const isInstalled = await stage.value(`SELECT to_regclass('nestjs_backfill.range') IS NOT NULL`);
    return isInstalled === 'true' ? (await readJobs(stage.database)).counted : 0;
  };

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes the current batch at %s, records the reason, and releases its leases',
    async (signal) => {
      // The round cannot end before the signal arrives, which ends the pause.
      const serving = JobsProcess.serve(stage.database, {
        ...moduleOptions,
        defaults: { pause: 3_600_000 },
        catchUp: { interval: 1_000, maxDuration: 3_600_000 },
      });
      await untilDone(10);
      serving.child.kill(signal);
      await serving.ended;
      expect(serving.child.signalCode).toBe(signal);
      const jobs = await readJobs(stage.database);
      expect(jobs).toMatchObject({ done: jobs.lines, counted: jobs.lines, distinct: jobs.lines, astray: 0 });
      expect(jobs.done).toBeLessThan(JOBS);
      expect(
        await stage.query(`SELECT status, reason FROM nestjs_backfill.backfill WHERE name = 'do-jobs'`),
      ).toEqual([{ status: 'incomplete', reason: "Stopped by the application's shutdown." }]);
      expect(await stage.query(leases)).toEqual([]);
    },
  );

  it('takes over from a killed process and changes each row once', async () => {
    const first = JobsProcess.serve(stage.database, moduleOptions);
    await untilDone(30);
    const second = JobsProcess.serve(stage.database, moduleOptions);
    first.child.kill('SIGKILL');
    await first.ended;
    await until(async () => (await readJobs(stage.database)).done === JOBS);
    second.child.kill('SIGTERM');
    await second.ended;
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('runs no catch-up round in one-shot mode', async () => {
    // The run takes longer than the interval, so a round would start if there were any.
    const { ended } = JobsProcess.run(stage.database, ['note-jobs'], {
      defaults: { pause: 250 },
      catchUp: { interval: 1_000 },
    });
    expect((await ended).code).toBe(0);
    expect(await stage.query(`SELECT name FROM nestjs_backfill.backfill`)).toEqual([{ name: 'note-jobs' }]);
  });
});
