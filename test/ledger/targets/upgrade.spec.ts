import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { installLedger } from '../../../libs/backfill/src/ledger/ledger.installer.ts';
import { SCHEMA_STEPS } from '../../../libs/backfill/src/ledger/schema/steps.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { TestApplication } from '../../support/applications/application.ts';
import { until } from '../../support/runs/until.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

/** The last step before records were about one table. */
const BEFORE = 7;

describe('a ledger of an earlier release, whose records name no table', () => {
  let database: TestDatabase;
  const applications: TestApplication[] = [];
  const start = async (schema: string) => {
    await database.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    const application = await TestApplication.start({
      database,
      schema,
      entities: LEAD_TABLES,
      backfills: [Names],
    });
    applications.push(application);
    await database.query(
      `INSERT INTO ${schema}.leads (name) SELECT 'Lead ' || i FROM generate_series(1, 20) AS i`,
    );
    return application.service;
  };
  const record = (status: string, actor: string) =>
    database.query(`INSERT INTO nestjs_backfill.backfill (name, version, kind, status, reason) VALUES ('names', 1, 'set', '${status}', 'As before.');
      INSERT INTO nestjs_backfill.transition (name, version, from_status, to_status, reason, actor) VALUES ('names', 1, 'running', '${status}', 'As before.', '${actor}');
      INSERT INTO nestjs_backfill.range (name, version, purpose, state, updated, batches) VALUES ('names', 1, 'sweep', 'done', 70, 7);
      INSERT INTO nestjs_backfill.quarantined_row (name, version, key, error) VALUES ('names', 1, '["3"]', 'refused');
      INSERT INTO nestjs_backfill.control (name, version, setting, value, set_by) VALUES ('names', 1, 'batchSize', '50', 'ann@desk')`);

  beforeEach(async () => {
    database = await TestDatabase.create();
    const service = await start('tenant_1');
    const session = await Session.open((applications[0] as TestApplication).dataSource);
    try {
      await installLedger(
        session,
        'nestjs_backfill',
        SCHEMA_STEPS.filter(({ number }) => number <= BEFORE),
      );
    } finally {
      await session.close();
    }
    expect(service.names).toEqual(['names']);
  });
  afterEach(async () => {
    for (const each of applications.splice(0)) await each.stop();
    await database.drop();
  });
  const service = () => (applications[0] as TestApplication).service;
  const status = async () => (await service().status()).backfills[0];

  it('shows its status before the upgrade, and after it before the next run', async () => {
    await record('incomplete', 'host:1:a');
    const before = { status: 'incomplete', updated: 70, quarantined: 1, settings: [{ value: '50' }] };
    expect(await status()).toMatchObject(before);
    expect(await service().plan()).toMatchObject({ plan: [{ pending: 20, status: 'incomplete' }] });
    await service().set('names', { pause: 1 });
    expect(await status()).toMatchObject({ ...before, settings: [{ value: '50' }, { value: '1' }] });
  });

  it('keeps every record for the first table that runs; the other tables start on their own', async () => {
    await record('incomplete', 'host:1:a');
    const other = await start('tenant_2');
    const [first] = (await service().run()).backfills;
    expect(first).toMatchObject({ target: 'tenant_1.leads', updated: 19, quarantined: 1 });
    expect(await status()).toMatchObject({ updated: 89, quarantined: 1 });
    const [second] = (await other.run()).backfills;
    expect(second).toMatchObject({
      target: 'tenant_2.leads',
      status: 'complete',
      updated: 20,
      quarantined: 0,
    });
    expect((await other.status()).backfills[0]).toMatchObject({ settings: [{ value: '50' }] });
  });

  it('keeps a pause by a person for every table', async () => {
    await record('paused', 'ann@desk');
    const other = await start('tenant_2');
    for (const each of [service(), other])
      expect((await each.run()).backfills[0]).toMatchObject({ status: 'paused', reason: 'As before.' });
    await other.resume('names');
    // One row of the first table is in quarantine.
    expect((await service().run()).backfills[0]).toMatchObject({ status: 'incomplete', updated: 19 });
    expect((await other.run()).backfills[0]).toMatchObject({ status: 'complete', updated: 20 });
  });

  it('keeps a pause by a run, e.g. after a canary, for its own table only', async () => {
    await record('paused', 'host:1:a');
    const other = await start('tenant_2');
    expect((await service().run()).backfills[0]).toMatchObject({ status: 'paused' });
    expect((await other.run()).backfills[0]).toMatchObject({ status: 'complete' });
  });
});

describe('a plan on a ledger of an earlier release', () => {
  it('holds no lock on its tables, and changes nothing: it rehearses on a ledger of its own', async () => {
    const database = await TestDatabase.create();
    const application = await TestApplication.start({ database, entities: LEAD_TABLES, backfills: [Names] });
    const holder = await database.connect('holder');
    try {
      const session = await Session.open(application.dataSource);
      await installLedger(
        session,
        'nestjs_backfill',
        SCHEMA_STEPS.filter(({ number }) => number <= BEFORE),
      );
      await session.close();
      await database.query(`INSERT INTO leads (name) SELECT 'Lead ' || i FROM generate_series(1, 20) AS i;
        INSERT INTO nestjs_backfill.backfill (name, version, kind, status, reason) VALUES ('names', 1, 'set', 'incomplete', 'As before.');
        CREATE FUNCTION wait_for_holder() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN PERFORM pg_advisory_xact_lock_shared(77); RETURN new; END $$;
        CREATE TRIGGER slow BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION wait_for_holder()`);
      await holder.query('SELECT pg_advisory_lock(77)');
      const planned = application.service.plan();
      // The rehearsed batch waits in its trigger.
      await until(async () => {
        const waiting = await database.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%leads%'`,
        );
        return waiting.length > 0;
      });
      const locked = await database.query(
        `SELECT relation::regclass::text FROM pg_locks WHERE mode IN ('AccessExclusiveLock', 'ShareLock', 'ExclusiveLock')
           AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'nestjs_backfill'::regnamespace)`,
      );
      expect(locked).toEqual([]);
      await holder.query('SELECT pg_advisory_unlock(77)');
      expect((await planned).plan).toMatchObject([{ pending: 20, status: 'incomplete' }]);
      expect(await database.query(`SELECT max(number) FROM nestjs_backfill.installed_step`)).toEqual([
        { max: BEFORE },
      ]);
      expect(
        await database.query(`SELECT FROM pg_namespace WHERE nspname LIKE 'nestjs_backfill_plan%'`),
      ).toEqual([]);
    } finally {
      await holder.end();
      await application.stop();
      await database.drop();
    }
  });
});
