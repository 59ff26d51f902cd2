import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { CatchingUp, HeardLog, ONCE_A_YEAR } from '../support/catch-up.ts';
import { TestDatabase } from '../support/database.ts';
import { gate } from '../support/gate.ts';
import { allDoneOnce, JobsProcess, jobsStage, readJobs, resetJobs } from '../support/jobs.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/lead-tables.ts';
import { LockHolder } from '../support/lock-holder.ts';
import { until } from '../support/until.ts';

/** What a backfill's code may call, for as long as it is there. */
@Injectable()
class Dictionary implements OnModuleDestroy {
  static asked: () => Promise<void> = async () => undefined;
  #closed = false;

  onModuleDestroy(): void {
    this.#closed = true;
  }

  async lookUp(name: string): Promise<string> {
    await Dictionary.asked();
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
    Dictionary.asked = async () => undefined;
    await database.drop();
  });

  async function start(shutdownTimeout?: number): Promise<CatchingUp> {
    const app = await CatchingUp.start({
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

  it('finishes the batch in hand and no other, says so, and hands the leases back', async () => {
    const app = await start();
    const [begun, goOn] = [gate(), gate()];
    Dictionary.asked = async () => {
      begun.resolve();
      await goOn.promise;
    };
    const round = app.round();
    await begun.promise;
    const closed = app.stop();
    goOn.resolve();
    await Promise.all([round, closed]);
    expect(await done()).toHaveLength(1);
    expect(await recorded()).toEqual([
      { status: 'incomplete', reason: "Stopped by the application's shutdown." },
    ]);
    expect(await database.query(leases)).toEqual([]);
  });

  it('destroys what the backfill injects only after that, so that no row is taken for poisonous', async () => {
    const app = await start();
    const [begun, closing] = [gate(), gate()];
    Dictionary.asked = async () => {
      begun.resolve();
      await closing.promise;
    };
    const round = app.round();
    await begun.promise;
    const closed = app.stop();
    // By then every provider that nothing holds back has been destroyed.
    setImmediate(closing.resolve);
    await Promise.all([round, closed]);
    expect(await database.query('SELECT FROM nestjs_backfill.quarantined_row')).toEqual([]);
    expect(await done()).toHaveLength(1);
  });

  it('cancels a batch that takes longer than shutdownTimeout, and takes it back', async () => {
    const app = await start(1_000);
    await database.query(`CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_advisory_xact_lock(7); RETURN NEW; END $$;
      CREATE TRIGGER dawdle BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION dawdle()`);
    const holder = await LockHolder.hold(database, 'SELECT pg_advisory_xact_lock(7)');
    const round = app.round();
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

  it('waits no longer than shutdownTimeout for code that does not come back, and says so', async () => {
    const app = await start(200);
    const begun = gate();
    Dictionary.asked = () => {
      begun.resolve();
      return new Promise(() => undefined);
    };
    void app.round();
    await begun.promise;
    const heard = HeardLog.listen();
    await app.stop();
    heard.rest();
    expect(heard.seen[0]).toMatch(/did not end within 200 ms/);
    expect(await done()).toEqual([]);
  });
});

const JOBS = 100;
const LEASE = 1_000;

describe('processes that serve users', () => {
  const stage = jobsStage(JOBS);
  beforeEach(() => resetJobs(stage.database, JOBS));

  const catching = { leaseDuration: LEASE, defaults: { pause: 50 }, catchUp: { interval: 1_000 } };
  const underWay = () => until(async () => (await lookAtLedger()) >= 30);
  const lookAtLedger = async () => {
    const there = await stage.value(`SELECT to_regclass('nestjs_backfill.range') IS NOT NULL`);
    return there === 'true' ? (await readJobs(stage.database)).counted : 0;
  };

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finish the batch in hand at %s, record why they stopped, and hand their leases back',
    async (signal) => {
      const serving = JobsProcess.serve(stage.database, catching);
      await underWay();
      serving.child.kill(signal);
      await serving.ended;
      expect(serving.child.signalCode).toBe(signal);
      const look = await readJobs(stage.database);
      expect(look).toMatchObject({ done: look.lines, counted: look.lines, distinct: look.lines, astray: 0 });
      expect(look.done).toBeLessThan(JOBS);
      expect(
        await stage.query(`SELECT status, reason FROM nestjs_backfill.backfill WHERE name = 'do-jobs'`),
      ).toEqual([{ status: 'incomplete', reason: "Stopped by the application's shutdown." }]);
      expect(await stage.query(leases)).toEqual([]);
    },
  );

  it('take over from one that was killed, and do each row once', async () => {
    const first = JobsProcess.serve(stage.database, catching);
    await underWay();
    const second = JobsProcess.serve(stage.database, catching);
    first.child.kill('SIGKILL');
    await first.ended;
    await until(async () => (await readJobs(stage.database)).done === JOBS);
    second.child.kill('SIGTERM');
    await second.ended;
    expect(await readJobs(stage.database)).toEqual(allDoneOnce(JOBS));
  });

  it('in one-shot mode do not catch up', async () => {
    // Long enough for a round to come, if there were any.
    const { ended } = JobsProcess.run(stage.database, ['note-jobs'], {
      defaults: { pause: 250 },
      catchUp: { interval: 1_000 },
    });
    expect((await ended).code).toBe(0);
    expect(await stage.query(`SELECT name FROM nestjs_backfill.backfill`)).toEqual([{ name: 'note-jobs' }]);
  });
});
