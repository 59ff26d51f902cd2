import { Backfill, type BackfillReport, type SetBackfill } from 'nestjs-backfill';
import { TestApplication } from './support/application.ts';
import { addLeads, Lead, LEAD_TABLES, startAfresh } from './support/lead-tables.ts';
import { ProtocolProxy } from './support/protocol-proxy.ts';
import { Recorder } from './support/recorder.ts';
import { Stage } from './support/stage.ts';
import { until } from './support/until.ts';

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

const OPTIONS = { entities: LEAD_TABLES, backfills: [Alone, Four, TwoOfMany, Failing], poolSize: 6 };

describe('several workers', () => {
  const stage = Stage.for({
    ...OPTIONS,
    prepare: (database) =>
      database.query(`CREATE TABLE changes (id bigint, pid int DEFAULT pg_backend_pid());
        CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO changes (id) VALUES (new.id); RETURN NULL; END $$;
        CREATE TRIGGER note_change AFTER UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION note_change()`),
  });
  // Installs the ledger, into which the tests look.
  beforeAll(() => stage.runAll());
  beforeEach(async () => {
    await startAfresh(stage.database);
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

  const isAnyDone = async (name: string) => (await ranges(name)).some(({ state }) => state === 'done');

  it('share a table in ranges of one size, and each row is changed once', async () => {
    const [run] = await whileOneIsStuck(stage, async () => {
      const run = stage.run('four');
      await until(() => isAnyDone('four'));
      return [run];
    });
    expect(run).toMatchObject({ status: 'complete', updated: LEADS, proved: true });
    await expectEachOnce('four');
    expect(Number(await stage.value('SELECT count(DISTINCT pid) FROM changes'))).toBeGreaterThan(1);
    expect((await ranges('four')).length).toBeGreaterThanOrEqual(4);
  });

  it('of several processes have a part in one run, up to the most that was allowed', async () => {
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

  it('that are idle take half of what a busy one has before it', async () => {
    const reports = await whileOneIsStuck(stage, async () => {
      const busy = stage.run('alone');
      await until(async () => (await stage.value(WAITING)) === '1');
      // One range, as a run leaves it that knew of one worker only.
      await stage.query(
        `DELETE FROM nestjs_backfill.range WHERE lease_owner IS NULL;
         UPDATE nestjs_backfill.range SET upper_key = '["${LEADS}"]'`,
      );
      const idle = stage.run('alone');
      await until(() => isAnyDone('alone'));
      return [busy, idle];
    });
    expect(reports.map(({ updated }) => updated > 0)).toEqual([true, true]);
    expect(reports.map(({ status }) => status)).toContain('complete');
    await expectEachOnce('alone');
  });

  it('that come while another process divides the table stay, and take their part', async () => {
    const proxy = await ProtocolProxy.before(stage.database);
    const late = await TestApplication.start({ ...OPTIONS, database: proxy.database, synchronize: false });
    const answer = proxy.holdAnswer('nb_ranges AS MATERIALIZED');
    const lateRun = late.service.run({ names: ['alone'] });
    const pass = await answer; // there was no range to halve
    const [early] = await whileOneIsStuck(stage, async () => {
      const run = stage.run('alone');
      await until(async () => (await stage.value(WAITING)) === '1');
      pass();
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

  it('become more or fewer while a run is at work, as a person says', async () => {
    const { service } = stage.application;
    await service.set('alone', { pause: 100 });
    const active = async () =>
      Number(await stage.value(`SELECT count(*) FROM nestjs_backfill.range WHERE lease_owner IS NOT NULL`));
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

  it('end together when one finds that the backfill fails', async () => {
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

  it('more than the pool has connections for do not keep the others from the work', async () => {
    const held = await Promise.all(Array.from({ length: 4 }, () => hold(stage)));
    const recorder = new Recorder();
    const report = await stage.run('four', { recorder });
    await Promise.all(held.map((release) => release()));
    expect(report).toMatchObject({ status: 'complete', updated: LEADS });
    await expectEachOnce('four');
  });
});

/** Keeps the worker that comes to lead 15 from going on until the work is done, and tells what became of the runs that it started. */
async function whileOneIsStuck(
  stage: Stage,
  work: () => Promise<Promise<BackfillReport>[]>,
): Promise<BackfillReport[]> {
  await stage.query(`
    CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_advisory_xact_lock(15); RETURN NEW; END $$;
    CREATE TRIGGER dawdle BEFORE UPDATE ON leads FOR EACH ROW WHEN (NEW.id = 15) EXECUTE FUNCTION dawdle()`);
  const runs = await stage.database.session(async (holder) => {
    await holder.query('SELECT pg_advisory_lock(15)');
    const started = await work();
    await holder.query('SELECT pg_advisory_unlock(15)');
    return Promise.all(started);
  });
  await stage.query('DROP TRIGGER dawdle ON leads; DROP FUNCTION dawdle');
  return runs;
}

const WAITING = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/** Takes a connection out of the application's pool. */
async function hold(stage: Stage): Promise<() => Promise<void>> {
  const runner = stage.application.dataSource.createQueryRunner();
  await runner.connect();
  return () => runner.release();
}
