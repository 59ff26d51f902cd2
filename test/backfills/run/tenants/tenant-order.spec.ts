import { Backfill, type BackfillReport, type SetBackfill } from 'nestjs-backfill';
import { Lead, LEAD_TABLES, startAfresh } from '../../../support/lead-tables.ts';
import { LockHolder } from '../../../support/lock-holder.ts';
import { Recorder } from '../../../support/recorder.ts';
import { Stage } from '../../../support/stage.ts';
import { until } from '../../../support/until.ts';

const SIZES = { small: 6, large: 40, medium: 12 };
const ALL = 6 + 40 + 12 + 3;

class SetSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

const options = { entity: Lead, where: 'search_name IS NULL', tenant: 'tenantId', batchSize: 5 } as const;

@Backfill<Lead>({ ...options, name: 'smallest-first', tenantOrder: 'smallest-first' })
class SmallestFirst extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'listed-first', tenantOrder: ['medium', 'small'] })
class ListedFirst extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'round-robin', tenantOrder: 'round-robin' })
class RoundRobin extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'one-at-a-time', tenantOrder: ['small', 'medium'] })
class OneAtATime extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'two-at-once', tenantOrder: ['small', 'medium'], maxWorkers: 2 })
class TwoAtOnce extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'canary-waits', canary: { tenants: ['medium'], then: 'wait' } })
class CanaryWaits extends SetSearchName {}

@Backfill<Lead>({ ...options, name: 'canary-goes-on', canary: { tenants: ['large'], then: 'continue' } })
class CanaryGoesOn extends SetSearchName {}

describe('the order of tenants', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SmallestFirst, ListedFirst, RoundRobin, OneAtATime, TwoAtOnce, CanaryWaits, CanaryGoesOn],
    module: { leaseDuration: 1_500 },
    prepare: (database) =>
      database.query(`CREATE TABLE changes (at int GENERATED ALWAYS AS IDENTITY, tenant text);
        CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO changes (tenant) VALUES (coalesce(new.tenant_id, 'nobody')); RETURN NULL; END $$;
        CREATE TRIGGER note_change AFTER UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION note_change();
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM pg_advisory_xact_lock_shared(15); RETURN NEW; END $$;
        CREATE TRIGGER dawdle BEFORE UPDATE ON leads FOR EACH ROW WHEN (NEW.tenant_id = 'small') EXECUTE FUNCTION dawdle()`),
  });
  beforeEach(async () => {
    await startAfresh(stage.database);
    await stage.query('TRUNCATE changes');
    for (const [tenant, size] of [...Object.entries(SIZES), [null, 3] as const]) {
      await stage.query(
        `INSERT INTO leads (tenant_id, name) SELECT $1, 'Lead' FROM generate_series(1, $2::int)`,
        [tenant, size],
      );
    }
  });

  /** The tenants in the order in which their last row was done. */
  const finished = async () =>
    (
      await stage.query<{ tenant: string }>('SELECT tenant FROM changes GROUP BY tenant ORDER BY max(at)')
    ).map(({ tenant }) => tenant);
  /** Keeps the rows of the tenant `small` from being done until it is released. */
  const stuckAtSmall = () => LockHolder.hold(stage.database, 'SELECT pg_advisory_xact_lock(15)');
  const pending = () => stage.value('SELECT count(*) FROM leads WHERE search_name IS NULL');

  it('is by size where the smallest go first, and rows of no tenant come last', async () => {
    const recorder = new Recorder();
    expect(await stage.run('smallest-first', { recorder })).toMatchObject({
      status: 'complete',
      updated: ALL,
      proved: true,
    });
    expect(await finished()).toEqual(['small', 'medium', 'large', 'nobody']);
    expect(recorder.reports).toHaveLength(1);
  });

  it('is the list where one is given, and the others follow', async () => {
    expect(await stage.run('listed-first')).toMatchObject({ status: 'complete', updated: ALL });
    expect((await finished()).slice(0, 2)).toEqual(['medium', 'small']);
  });

  it('by turns does every row of every tenant', async () => {
    expect(await stage.run('round-robin')).toMatchObject({ status: 'complete', updated: ALL, proved: true });
    expect(await pending()).toBe('0');
  });

  it('by turns comes to its end where a row of one tenant cannot be done', async () => {
    const [poison] = await stage.query<{ id: string }>(
      `SELECT min(id) AS id FROM leads WHERE tenant_id = 'medium'`,
    );
    await stage.query(
      `ALTER TABLE leads ADD CONSTRAINT no_name CHECK (id <> ${poison?.id} OR search_name IS NULL)`,
    );
    const report = await stage.run('round-robin');
    await stage.query('ALTER TABLE leads DROP CONSTRAINT no_name');
    expect(report).toMatchObject({ status: 'incomplete', updated: ALL - 1, quarantined: 1 });
    expect(report.reason).toContain('1 row is in quarantine');
  });

  it('has one process at work where one is allowed: the other leaves the whole to it', async () => {
    const stuck = await stuckAtSmall();
    const first = stage.run('one-at-a-time');
    await until(() => stuck.isWaitedFor(stage.database));
    const second = await stage.run('one-at-a-time');
    const done = await finished();
    await stuck.release();
    expect(await first).toMatchObject({ status: 'complete', updated: ALL });
    expect(second).toMatchObject({ status: 'running', updated: 0 });
    expect(second.reason).toContain('is running it; this process takes no part.');
    expect(done).toEqual([]);
  });

  it('is left to the process at work also where one that is gone has left a lease behind at another tenant', async () => {
    await stage.run('one-at-a-time', { tenants: ['medium'] });
    await stage.query(`UPDATE nestjs_backfill.range SET state = 'sweeping', lease_owner = 'elsewhere:1:gone',
      lease_expires_at = clock_timestamp() - interval '1 min'`);
    const stuck = await stuckAtSmall();
    const first = stage.run('one-at-a-time');
    await until(() => stuck.isWaitedFor(stage.database));
    const second = await stage.run('one-at-a-time');
    await stuck.release();
    expect(second).toMatchObject({ status: 'running', updated: 0 });
    expect(await first).toMatchObject({ status: 'complete', updated: ALL - SIZES.medium });
  });

  /** Two processes, of which one is stuck at the tenant `small` and the other has nothing left to do but wait for it. */
  const oneStuckAndOneWaiting = async () => {
    const stuck = await stuckAtSmall();
    const first = stage.run('two-at-once');
    await until(() => stuck.isWaitedFor(stage.database));
    const recorder = new Recorder();
    const second = stage.run('two-at-once', { recorder });
    await recorder.until(({ waits }) => waits.some(({ waitingFor }) => waitingFor.includes('other workers')));
    return { stuck, runs: [first, second] };
  };
  const expectOneFinish = async (runs: readonly Promise<BackfillReport>[]) => {
    const reports = await Promise.all(runs);
    expect(reports.map(({ status, proved }) => ({ status, proved }))).toEqual([
      { status: 'complete', proved: true },
      { status: 'complete', proved: true },
    ]);
    expect(reports.reduce((sum, { updated }) => sum + updated, 0)).toBe(ALL);
    expect(await stage.value('SELECT count(*) FROM changes')).toBe(String(ALL));
    expect(
      await stage.value(`SELECT count(*) FROM nestjs_backfill.transition WHERE to_status = 'complete'`),
    ).toBe('1');
  };

  it('has a process go on with the next tenant where another has one in hand, and wait for it at last; one finishes the whole', async () => {
    const { stuck, runs } = await oneStuckAndOneWaiting();
    const done = await finished();
    const status = await stage.status('two-at-once');
    await stuck.release();
    await expectOneFinish(runs);
    expect(done).toEqual(['medium']);
    expect(status.status).toBe('running');
    expect(status.reason).toContain('Processing tenant medium.');
  });

  it('keeps a process that has a part in the run also where fewer may be at work by then', async () => {
    const { stuck, runs } = await oneStuckAndOneWaiting();
    await stage.application.service.set('two-at-once', { maxWorkers: 1 });
    const late = await stage.run('two-at-once');
    await stuck.release();
    await expectOneFinish(runs);
    expect(late).toMatchObject({ status: 'running', updated: 0 });
  });

  it('has each tenant told as it begins', async () => {
    const recorder = new Recorder();
    await stage.run('listed-first', { recorder });
    expect(recorder.starts.map(({ reason }) => reason)).toEqual([
      'First run. Processing tenant medium.',
      'Processing tenant small.',
      'Processing all tenants.',
    ]);
  });

  describe('has the report of a run that ends before its end tell of all tenants', () => {
    const expectTheWhole = async (report: BackfillReport) => {
      expect(report.proof).not.toContain('tenant_id');
      expect(String(report.remaining)).toBe(await pending());
      expect(report.tenants.map(({ tenant }) => tenant)).toContain('medium');
      expect(report.updated).toBe(ALL - Number(await pending()));
    };

    it.each([
      ['paused', 'pause'],
      ['cancelled', 'cancel'],
    ] as const)('where it is %s', async (status, order) => {
      const stuck = await stuckAtSmall();
      const run = stage.run('listed-first');
      await until(() => stuck.isWaitedFor(stage.database));
      await stage.application.service[order]('listed-first');
      await stuck.release();
      const report = await run;
      expect(report).toMatchObject({ status });
      await expectTheWhole(report);
    });

    it('where it is stopped, which its status tells too', async () => {
      const recorder = new Recorder();
      const isEnough = () => recorder.progress.length === 3; // all of the tenant `medium`
      const report = await stage.run('listed-first', {
        recorder,
        stopWhen: () => (isEnough() ? 'That is enough.' : null),
      });
      expect(report).toMatchObject({ status: 'incomplete', reason: 'That is enough.', remaining: 49 });
      await expectTheWhole(report);
      expect(await stage.status('listed-first')).toMatchObject({
        status: 'incomplete',
        reason: 'That is enough.',
      });
    });

    it('where it fails', async () => {
      await stage.query(`CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nothing_of_that_name(); RETURN NEW; END $$;
        CREATE TRIGGER broken BEFORE UPDATE ON leads FOR EACH ROW WHEN (NEW.tenant_id = 'small') EXECUTE FUNCTION broken()`);
      const report = await stage.run('listed-first');
      await stage.query('DROP TRIGGER broken ON leads; DROP FUNCTION broken');
      expect(report).toMatchObject({ status: 'failed', remaining: 49 });
      await expectTheWhole(report);
    });

    it('where it waits for a person to look at the canary', async () => {
      const report = await stage.run('canary-waits');
      expect(report).toMatchObject({ status: 'paused', remaining: 49 });
      await expectTheWhole(report);
    });
  });

  it('has its status say that it is running for as long as one process is at it, though another one has done its part', async () => {
    const stuck = await stuckAtSmall();
    const first = stage.run('one-at-a-time', { tenants: ['small'] });
    await until(() => stuck.isWaitedFor(stage.database));
    expect(await stage.run('one-at-a-time', { tenants: ['medium'] })).toMatchObject({ status: 'incomplete' });
    const status = await stage.status('one-at-a-time');
    await stuck.release();
    await first;
    expect(status).toMatchObject({
      status: 'running',
      reason: expect.stringMatching(/ is running it\.$/) as string,
      leasedBy: expect.any(String) as string,
    });
    expect(await stage.status('one-at-a-time')).toMatchObject({ status: 'incomplete', leasedBy: null });
  });

  it('begins with the canary, and waits for a person once its rows are proved to be done', async () => {
    const report = await stage.run('canary-waits');
    expect(report).toMatchObject({
      status: 'paused',
      updated: SIZES.medium,
      waitingFor: 'a person to resume it',
    });
    expect(report.reason).toContain("the canary's tenants (medium)");
    expect(await finished()).toEqual(['medium']);
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'paused', updated: 0 });
    expect(await pending()).toBe(String(ALL - SIZES.medium));
    await stage.application.service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({
      status: 'complete',
      updated: ALL - SIZES.medium,
    });
  });

  it('begins with the canary also after a pause that had another reason', async () => {
    const { service } = stage.application;
    await service.pause('canary-waits');
    await service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'paused', updated: SIZES.medium });
  });

  it('says of a canary that no row belongs to that nothing was tried out, and goes on once a person wants it so', async () => {
    const { service } = stage.application;
    await stage.query(`DELETE FROM leads WHERE tenant_id = 'medium'`);
    const recorder = new Recorder();
    const report = await stage.run('canary-waits', { recorder });
    expect(report).toMatchObject({ status: 'paused', withoutRows: ['medium'], remaining: 49 });
    expect(report.reason).toMatch(
      /^No row of the table has the tenant medium of the canary, so it tested nothing\./,
    );
    expect(recorder.notes).toEqual(['No row of the table has the tenant medium.']);
    await service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'complete', updated: 49 });
  });

  it('goes on after the canary once a person has resumed it', async () => {
    await stage.run('canary-waits');
    await stage.application.service.resume('canary-waits', { by: 'ann@desk', why: 'they look well' });
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'complete', proved: true });
    expect(await pending()).toBe('0');
  });

  it('waits after the canary also where a person had paused and resumed it before', async () => {
    const { service } = stage.application;
    await service.pause('canary-waits', { by: 'ann@desk', why: 'a sale is on' });
    await service.resume('canary-waits', { by: 'ann@desk' });
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'paused', updated: SIZES.medium });
    expect(await finished()).toEqual(['medium']);
  });

  it('that has failed is not begun beyond its canary, nor paused: it stays failed, and says why and what to do', async () => {
    const { service } = stage.application;
    await stage.query(`UPDATE leads SET search_name = name WHERE tenant_id = 'medium';
      CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nothing_of_that_name(); RETURN NEW; END $$;
      CREATE TRIGGER broken BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION broken()`);
    const failed = await stage.run('canary-waits', { tenants: ['large'] });
    const report = await stage.run('canary-waits');
    await stage.query('DROP TRIGGER broken ON leads; DROP FUNCTION broken');
    expect(failed).toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('nothing_of_that_name') as string,
    });
    expect(report).toMatchObject({ status: 'failed', updated: 0, proved: false, remaining: 49 });
    expect(report.reason).toContain(`The backfill has failed: ${failed.reason}`);
    expect(report.reason).toContain('--cancel canary-waits and --resume canary-waits');
    expect(await stage.status('canary-waits')).toMatchObject({ status: 'failed', reason: failed.reason });
    await service.cancel('canary-waits');
    await service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({ status: 'paused', updated: 0 });
    await service.resume('canary-waits');
    expect(await stage.run('canary-waits')).toMatchObject({
      status: 'complete',
      updated: ALL - SIZES.medium,
    });
  });

  it('begins with the canary, and goes on where it was told to', async () => {
    expect(await stage.run('canary-goes-on')).toMatchObject({
      status: 'complete',
      updated: ALL,
      proved: true,
    });
    expect((await finished())[0]).toBe('large');
  });

  it('of a run for some tenants is not asked', async () => {
    expect(await stage.run('canary-waits', { tenants: ['small'] })).toMatchObject({ updated: SIZES.small });
    expect(await finished()).toEqual(['small']);
  });
});
