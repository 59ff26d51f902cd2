import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { installLedger } from '../../../libs/backfill/src/ledger/ledger.installer.ts';
import { SCHEMA_STEPS } from '../../../libs/backfill/src/ledger/schema/steps.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { TestApplication } from '../../support/applications/application.ts';
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
