import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IllegalTransitionError, UnknownTargetError } from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('control of a backfill whose table is in the schema of each tenant', () => {
  let database: TestDatabase;
  const applications = new Map<string, TestApplication>();
  const serviceOf = (schema: string) => (applications.get(schema) as TestApplication).service;
  const start = async (schema: string) => {
    await database.query(`CREATE SCHEMA ${schema}`);
    applications.set(
      schema,
      await TestApplication.start({ database, schema, entities: LEAD_TABLES, backfills: [Names] }),
    );
    await database.query(
      `INSERT INTO ${schema}.leads (name) SELECT 'Lead ' || i FROM generate_series(1, 20) AS i`,
    );
  };
  const run = async (schema: string) => (await serviceOf(schema).run()).backfills[0];
  const statusOf = async (schema: string) => (await serviceOf(schema).status()).backfills[0];

  beforeEach(async () => {
    database = await TestDatabase.create();
    for (const schema of ['tenant_1', 'tenant_2']) await start(schema);
    // Both have a record now.
    for (const schema of applications.keys()) await serviceOf(schema).resume('names');
  });
  afterEach(async () => {
    for (const each of applications.values()) await each.stop();
    applications.clear();
    await database.drop();
  });

  it('pauses and resumes every target, also a schema that is added later', async () => {
    expect(await serviceOf('tenant_1').pause('names', { by: 'ann@desk', why: 'noon' })).toMatchObject({
      changed: true,
      targets: 2,
      status: 'paused',
    });
    await start('tenant_3');
    for (const schema of ['tenant_1', 'tenant_2', 'tenant_3'])
      expect(await run(schema)).toMatchObject({
        status: 'paused',
        reason: 'Paused by ann@desk: noon.',
        updated: 0,
      });
    await serviceOf('tenant_3').resume('names');
    await start('tenant_4');
    for (const schema of applications.keys())
      expect(await run(schema)).toMatchObject({ status: 'complete', updated: 20 });
  });

  it('pauses one target only, by its schema or its table, also from the application of another schema', async () => {
    expect(await serviceOf('tenant_1').pause('names', { targets: ['tenant_2'] })).toMatchObject({
      target: 'tenant_2.leads',
      targets: 1,
      status: 'paused',
    });
    expect(await run('tenant_1')).toMatchObject({ status: 'complete', updated: 20 });
    expect(await run('tenant_2')).toMatchObject({ status: 'paused', updated: 0 });
    expect(await serviceOf('tenant_1').resume('names', { targets: ['tenant_2.leads'] })).toMatchObject({
      status: 'incomplete',
    });
    expect(await run('tenant_2')).toMatchObject({ status: 'complete', updated: 20 });
  });

  it('cancels the targets that are not complete, and refuses if each is complete', async () => {
    await run('tenant_1');
    expect(await serviceOf('tenant_1').cancel('names')).toMatchObject({
      ...{ changed: true, status: 'complete', targets: 2 },
      changedTargets: { total: 1, first: ['tenant_2.leads'] },
      unchangedTargets: [{ status: 'complete', total: 1, first: ['tenant_1.leads'] }],
    });
    expect(await statusOf('tenant_2')).toMatchObject({
      status: 'cancelled',
      otherTargets: { total: 1, first: [{ target: 'tenant_1.leads', status: 'complete' }] },
    });
    await serviceOf('tenant_2').resume('names');
    await run('tenant_2');
    await expect(serviceOf('tenant_1').cancel('names')).rejects.toThrow(IllegalTransitionError);
  });

  it('sets the pace of every target or of one; the last command counts', async () => {
    const settingsOf = async (schema: string) =>
      (await statusOf(schema))?.settings.map(({ setting, value }) => `${setting}=${value}`);
    await serviceOf('tenant_1').set('names', { batchSize: 50 });
    await serviceOf('tenant_1').set('names', { batchSize: 10 }, { targets: ['tenant_2'] });
    expect([await settingsOf('tenant_1'), await settingsOf('tenant_2')]).toEqual([
      ['batchSize=50'],
      ['batchSize=10'],
    ]);
    await serviceOf('tenant_1').set('names', { batchSize: null });
    expect([await settingsOf('tenant_1'), await settingsOf('tenant_2')]).toEqual([[], []]);
  });

  it('refuses a target that the ledger does not have, and names those that it has', async () => {
    const refusal = serviceOf('tenant_1').pause('names', { targets: ['tenant_2', 'tennant_1'] });
    await expect(refusal).rejects.toThrow(UnknownTargetError);
    await expect(refusal).rejects.toThrow('It has tenant_1.leads, tenant_2.leads.');
    expect(await statusOf('tenant_2')).toMatchObject({ status: 'pending' });
    await expect(serviceOf('tenant_1').status({ targets: ['nowhere'] })).rejects.toThrow(UnknownTargetError);
  });

  it('reports the status of another target', async () => {
    await run('tenant_2');
    const { backfills } = await serviceOf('tenant_1').status({ targets: ['tenant_2'] });
    expect(backfills).toMatchObject([
      { name: 'names', target: 'tenant_2.leads', status: 'complete', updated: 20 },
    ]);
  });

  it('serves 5,000 targets: the status lists some and counts all, a pause holds each', async () => {
    await database.query(`INSERT INTO nestjs_backfill.backfill (name, version, target, table_id, kind, status, reason)
      SELECT 'names', 1, format('fleet_%s.leads', i), 1000000 + i, 'set', 'complete', 'Done.' FROM generate_series(1, 4990) AS i
      UNION ALL SELECT 'names', 1, format('slow_%s.leads', i), 2000000 + i, 'set', 'incomplete', 'Stopped.' FROM generate_series(1, 8) AS i`);
    const otherTargets = (await statusOf('tenant_1'))?.otherTargets;
    expect(otherTargets).toMatchObject({ total: 4_999, complete: 4_990 });
    expect(otherTargets?.first).toHaveLength(100);
    expect(otherTargets?.first[0]).toMatchObject({ target: 'slow_1.leads', status: 'incomplete' });
    expect(await serviceOf('tenant_1').pause('names')).toMatchObject({
      ...{ changed: true, targets: 5_000 },
      changedTargets: { total: 10, first: expect.arrayContaining(['slow_1.leads']) as unknown },
      unchangedTargets: [{ status: 'complete', total: 4_990 }],
    });
    const paused = await database.query(
      `SELECT count(*)::int AS count FROM nestjs_backfill.backfill WHERE status = 'paused'`,
    );
    expect(paused).toEqual([{ count: 10 }]);
  });
});
