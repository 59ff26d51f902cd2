import {
  Backfill,
  BackfillThrottle,
  type BackfillReport,
  type SetBackfill,
  type ThrottleCheck,
} from 'nestjs-backfill';
import { TestApplication } from '../../../support/applications/application.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { ProtocolProxy } from '../../../support/server/protocol-proxy.ts';
import { Recorder } from '../../../support/runs/recorder.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { until } from '../../../support/runs/until.ts';

const LEADS = 4_000;

class SetSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: `coalesce(search_name, '') || name` };
  }
}

const options = { entity: Lead, where: 'search_name IS NULL', tenant: 'tenantId', batchSize: 10 } as const;

@Backfill<Lead>({ ...options, name: 'alone', maxWorkers: 4 })
class Alone extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'four', workers: 4 })
class Four extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'two-of-many', workers: 2, maxWorkers: 3 })
class TwoOfMany extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'failing', workers: 4, maxQuarantined: 0 })
class Failing extends SetSearchName {}

const byKey = { ...options, order: 'key' } as const;
/** Its workers pause after their first batch and poll the settings during the pause. */
@Backfill<Lead>({ ...byKey, name: 'resting', maxWorkers: 8, pause: 3_600_000, throttles: { interval: 50 } })
class Resting extends SetSearchName {}
@BackfillThrottle({ name: 'poll-counter', backfills: ['resting'] })
class PollCounter implements ThrottleCheck {
  #polls = 0;

  check() {
    this.#polls++;
    return Promise.resolve(null);
  }

  /** Waits for many polls, so that every worker knows the current settings. */
  async waitForPolls(): Promise<void> {
    const from = this.#polls;
    await until(() => this.#polls > from + 20);
  }
}

const OPTIONS = {
  entities: LEAD_TABLES,
  backfills: [Alone, Four, TwoOfMany, Failing, Resting],
  providers: [PollCounter],
  poolSize: 6,
};

describe('several workers', () => {
  const stage = Stage.for({
    ...OPTIONS,
    prepare: (database) =>
      database.query(`CREATE TABLE changes (id bigint, pid int DEFAULT pg_backend_pid());
        CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO changes (id) VALUES (new.id); RETURN NULL; END $$;
        CREATE TRIGGER note_change AFTER UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION note_change()`),
  });
  // Installs the ledger, which the tests read.
  beforeAll(() => stage.runAll());
  beforeEach(async () => {
    await resetLeads(stage.database);
    await stage.query('TRUNCATE changes');
    await addLeads(stage.database, LEADS, 3);
  });

  const ranges = (name: string) =>
    stage.query<{ updated: number; state: string }>(
      'SELECT updated::int, state FROM nestjs_backfill.range WHERE name = $1 ORDER BY id',
      [name],
    );
  const expectEachOnce = async (name: string) => {
    expect(
      await stage.query('SELECT count(*)::int AS changes, count(DISTINCT id)::int AS leads FROM changes'),
    ).toEqual([{ changes: LEADS, leads: LEADS }]);
    const found = await ranges(name);
    expect(found.every(({ state }) => state === 'done')).toBe(true);
    expect(found.reduce((sum, { updated }) => sum + updated, 0)).toBe(LEADS);
    expect(
      await stage.value(`SELECT sum(updated) FROM nestjs_backfill.tenant_progress WHERE name = $1`, [name]),
    ).toBe(String(LEADS));
  };

  const active = async () =>
    Number(await stage.value(`SELECT count(*) FROM nestjs_backfill.range WHERE lease_owner IS NOT NULL`));
  /** How often workers have taken a range. */
  const taken = async () => Number(await stage.value('SELECT sum(fencing_token) FROM nestjs_backfill.range'));

  const isAnyDone = async (name: string) => (await ranges(name)).some(({ state }) => state === 'done');

  it('divide a table into ranges of equal size and change each row once', async () => {
    const [run] = await whileOneIsBlocked(stage, async () => {
      const run = stage.run('four');
      await until(() => isAnyDone('four'));
      return [run];
    });
    expect(run).toMatchObject({ status: 'complete', updated: LEADS, proved: true });
    await expectEachOnce('four');
    expect(Number(await stage.value('SELECT count(DISTINCT pid) FROM changes'))).toBeGreaterThan(1);
    expect((await ranges('four')).length).toBeGreaterThanOrEqual(4);
  });

  it('share one run in several processes, up to the maximum number of workers', async () => {
    const seen: number[] = [];
    let over = false;
    const runs = Promise.all(Array.from({ length: 3 }, () => stage.run('two-of-many'))).finally(
      () => (over = true),
    );
    await until(async () => {
      const active = `SELECT count(*) FROM nestjs_backfill.range WHERE name = 'two-of-many' AND state <> 'done'
        AND lease_expires_at > clock_timestamp()`;
      seen.push(Number(await stage.value(active).catch(() => '0')));
      return over;
    });
    const reports = await runs;
    expect(Math.max(...seen)).toBeLessThanOrEqual(3);
    expect(reports.reduce((sum, { updated }) => sum + updated, 0)).toBe(LEADS);
    expect(reports.some(({ status }) => status === 'complete')).toBe(true);
    expect(await stage.status('two-of-many')).toMatchObject({ status: 'complete' });
    await expectEachOnce('two-of-many');
  });

  it('take half of the range of a busy worker when they are idle', async () => {
    const reports = await whileOneIsBlocked(stage, async () => {
      const busy = stage.run('alone');
      await until(async () => (await stage.value(WAITING)) === '1');
      // Leaves a single range, as a run with one worker does.
      await stage.query(
        `WITH gone AS (DELETE FROM nestjs_backfill.range WHERE lease_owner IS NULL AND state <> 'done' RETURNING id, upper_key)
         UPDATE nestjs_backfill.range SET upper_key = (SELECT upper_key FROM gone ORDER BY id DESC LIMIT 1) WHERE lease_owner IS NOT NULL`,
      );
      const idle = stage.run('alone');
      await until(() => isAnyDone('alone'));
      return [busy, idle];
    });
    expect(reports.map(({ updated }) => updated > 0)).toEqual([true, true]);
    expect(reports.map(({ status }) => status)).toContain('complete');
    await expectEachOnce('alone');
  });

  it('wait and take a range if they start while another process divides the table', async () => {
    const proxy = await ProtocolProxy.start(stage.database);
    const late = await TestApplication.start({ ...OPTIONS, database: proxy.database, synchronize: false });
    const heldReply = proxy.holdReply('halved AS (');
    const lateRun = late.service.run({ names: ['alone'] });
    const passReply = await heldReply; // the process found no range to split
    const [early] = await whileOneIsBlocked(stage, async () => {
      const run = stage.run('alone');
      await until(async () => (await stage.value(WAITING)) === '1');
      passReply();
      await until(() => isAnyDone('alone'));
      return [run];
    });
    const { backfills } = await lateRun;
    await late.stop();
    await proxy.close();
    expect(backfills).toMatchObject([{ status: 'complete', proved: true }]);
    expect(backfills[0]?.updated).toBeGreaterThan(0);
    expect(early?.updated).toBeGreaterThan(0);
    await expectEachOnce('alone');
  });

  it('increase and decrease in number during a run when a person changes the setting', async () => {
    const { service } = stage.application;
    await service.set('alone', { pause: 100 });
    const run = stage.run('alone');
    await until(async () => (await active()) === 1);
    await service.set('alone', { workers: 3 });
    await until(async () => (await active()) === 3);
    await service.set('alone', { workers: 1 });
    await until(async () => (await active()) === 1);
    await service.set('alone', { pause: 0 });
    expect(await run).toMatchObject({ status: 'complete', updated: LEADS });
    await expectEachOnce('alone');
  });

  it('follow the maximum over all processes: only the surplus workers leave, and return when it is raised', async () => {
    const { service } = stage.application;
    await service.set('resting', { workers: 2, maxWorkers: 4 });
    const runs = [stage.run('resting'), stage.run('resting')];
    await until(async () => (await active()) === 4);
    const before = await taken();
    await service.set('resting', { maxWorkers: 2 });
    await until(async () => (await active()) === 2);
    await service.set('resting', { maxWorkers: 4 });
    await until(async () => (await active()) === 4);
    expect(await taken()).toBe(before + 2);
    await service.set('resting', { maxWorkers: 1 });
    await until(async () => (await active()) === 1);
    await service.set('resting', { maxWorkers: 3 });
    await until(async () => (await active()) === 3);
    expect(await taken()).toBe(before + 4);
    await service.set('resting', { pause: 0 });
    const reports = await Promise.all(runs);
    expect(reports.map(({ status }) => status)).toEqual(['complete', 'complete']);
    await expectEachOnce('resting');
  });

  it('match the last setting in number, even if it was changed twice during one batch', async () => {
    const { service, context } = stage.application;
    const counter = context.get(PollCounter);
    await service.set('resting', { workers: 4 });
    await stage.query(`
      CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        WHILE NOT pg_try_advisory_xact_lock_shared(15) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN NEW; END $$;
      CREATE TRIGGER slow BEFORE UPDATE ON leads FOR EACH ROW WHEN (NEW.id > 500) EXECUTE FUNCTION be_slow()`);
    const run = await stage.database.session(async (holder) => {
      await holder.query('SELECT pg_advisory_lock(15)');
      const run = stage.run('resting');
      await until(async () => (await stage.value(ASLEEP)) === '3');
      await service.set('resting', { workers: 2 });
      await counter.waitForPolls();
      await service.set('resting', { workers: 4 });
      await counter.waitForPolls();
      expect(await active()).toBe(4);
      await service.set('resting', { workers: 2 });
      await counter.waitForPolls();
      await holder.query('SELECT pg_advisory_unlock(15)');
      return [run];
    });
    await until(async () => (await active()) === 2);
    await counter.waitForPolls();
    expect([await active(), await taken()]).toEqual([2, 4]);
    await stage.query('DROP TRIGGER slow ON leads; DROP FUNCTION be_slow');
    await service.set('resting', { pause: 0 });
    expect(await run[0]).toMatchObject({ status: 'complete', updated: LEADS });
    await expectEachOnce('resting');
  });

  it('all stop when one of them finds that the backfill fails', async () => {
    await stage.query(
      `ALTER TABLE leads ADD CONSTRAINT not_this CHECK (search_name <> 'Lead 700') NOT VALID`,
    );
    const report = await stage.run('failing');
    await stage.query('ALTER TABLE leads DROP CONSTRAINT not_this');
    expect(report).toMatchObject({ status: 'failed' });
    expect(
      await stage.value(`SELECT count(*) FROM nestjs_backfill.range WHERE lease_owner IS NOT NULL`),
    ).toBe('0');
  });

  it('continue if some of them get no connection from the pool', async () => {
    const held = await Promise.all(Array.from({ length: 4 }, () => hold(stage)));
    const recorder = new Recorder();
    const report = await stage.run('four', { recorder });
    await Promise.all(held.map((release) => release()));
    expect(report).toMatchObject({ status: 'complete', updated: LEADS });
    await expectEachOnce('four');
  });
});

/**
 * Blocks the worker that reaches lead 15 until `work` resolves.
 * @returns the reports of the runs that `work` started
 */
async function whileOneIsBlocked(
  stage: Stage,
  work: () => Promise<Promise<BackfillReport>[]>,
): Promise<BackfillReport[]> {
  await stage.query(`
    CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_advisory_xact_lock(15); RETURN NEW; END $$;
    CREATE TRIGGER slow BEFORE UPDATE ON leads FOR EACH ROW WHEN (NEW.id = 15) EXECUTE FUNCTION be_slow()`);
  const runs = await stage.database.session(async (holder) => {
    await holder.query('SELECT pg_advisory_lock(15)');
    const started = await work();
    await holder.query('SELECT pg_advisory_unlock(15)');
    return Promise.all(started);
  });
  await stage.query('DROP TRIGGER slow ON leads; DROP FUNCTION be_slow');
  return runs;
}

const WAITING = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Batches that have slept longer than an optimistic batch may take: these are locking batches. */
const ASLEEP = `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()
  AND query_start < clock_timestamp() - interval '0.2 s'`;

/** Takes a connection out of the application's pool. */
async function hold(stage: Stage): Promise<() => Promise<void>> {
  const runner = stage.application.dataSource.createQueryRunner();
  await runner.connect();
  return () => runner.release();
}
