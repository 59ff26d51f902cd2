import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { TenantNotDeclaredError } from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { TestApplication } from '../../../support/applications/application.ts';
import { TestDatabase } from '../../../support/server/database.ts';
import { Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { Recorder } from '../../../support/runs/recorder.ts';

@Backfill<Lead>({
  name: 'per-tenant',
  entity: Lead,
  where: { searchName: IsNull() },
  tenant: 'tenantId',
  batchSize: 4,
  lockTimeout: 200,
  order: 'key',
})
class PerTenant implements SetBackfill<Lead> {
  set() {
    return { searchName: `(length(name) / (name <> 'poison')::int)::text` };
  }
}

@Backfill<Lead>({ name: 'for-all', entity: Lead, where: { lastCallDirection: IsNull() } })
class ForAll implements SetBackfill<Lead> {
  set() {
    return { lastCallDirection: `'none'` };
  }
}

const QUOTED = `O'Neill "&" \\Co, {NULL}`;

/**
 * Ten rows of tenant 3, six of the tenant with quotes, five without a tenant, one of the tenant named 'NULL'.
 */
const TENANTS = [
  ...Array<string>(10).fill('3'),
  ...Array<string>(6).fill(QUOTED),
  ...Array<null>(5).fill(null),
  'NULL',
];

describe('a backfill with a tenant column', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [PerTenant, ForAll],
    });
  });

  afterAll(async () => {
    await application.stop();
    await database.drop();
  });

  beforeEach(async () => {
    await resetLeads(database);
    await database.query(
      `INSERT INTO leads (tenant_id, name) SELECT t, 'Lead' FROM unnest($1::text[]) AS t`,
      [TENANTS],
    );
  });

  const run = async (tenants?: readonly string[], more: object = {}) => {
    const request = { names: ['per-tenant'], ...(tenants ? { tenants } : {}), ...more };
    const { outcome, backfills } = await application.service.run(request);
    return { outcome, ...backfills[0] };
  };
  const statusOf = async () => (await application.service.status({ names: ['per-tenant'] })).backfills[0];
  const left = () =>
    database.query(
      'SELECT tenant_id AS tenant, count(*)::int AS n FROM leads WHERE search_name IS NULL GROUP BY 1',
    );

  it('reports the changed rows of each tenant and the time of the last change', async () => {
    const [before] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const report = await run();
    const expected = [
      { tenant: '3', updated: 10, skipped: 0, quarantined: 0 },
      { tenant: QUOTED, updated: 6, skipped: 0, quarantined: 0 },
      { tenant: null, updated: 5, skipped: 0, quarantined: 0 },
      { tenant: 'NULL', updated: 1, skipped: 0, quarantined: 0 },
    ];
    expect(report).toMatchObject({ outcome: 'complete', updated: 22, tenants: expected });
    expect(await statusOf()).toMatchObject({ status: 'complete', updated: 22, tenants: expected });
    const [after] = await database.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    for (const { lastTouchedAt } of report.tenants ?? []) {
      expect(lastTouchedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(Date.parse(lastTouchedAt)).toBeGreaterThanOrEqual((before?.now.getTime() ?? 0) - 1);
      expect(Date.parse(lastTouchedAt)).toBeLessThanOrEqual(after?.now.getTime() ?? 0);
    }
  });

  it('counts locked and poisonous rows for their tenant in the report and the status', async () => {
    await database.query(`UPDATE leads SET name = 'poison' WHERE id IN (12, 20)`);
    const expected = [
      { tenant: '3', updated: 8, skipped: 2, quarantined: 0 },
      { tenant: QUOTED, updated: 5, skipped: 0, quarantined: 1 },
      { tenant: null, updated: 4, skipped: 0, quarantined: 1 },
      { tenant: 'NULL', updated: 1, skipped: 0, quarantined: 0 },
    ];
    await database.session(async (blocker) => {
      await blocker.query('BEGIN; SELECT FROM leads WHERE id IN (2, 3) FOR UPDATE');
      expect(await run()).toMatchObject({
        outcome: 'incomplete',
        updated: 18,
        skipped: 2,
        quarantined: 2,
        tenants: expected,
      });
      expect(await statusOf()).toMatchObject({ skipped: 2, quarantined: 2, tenants: expected });
    });
  });

  it('changes only the rows of a requested tenant, and the ledger records that', async () => {
    expect(await run(['3'])).toMatchObject({
      outcome: 'complete',
      status: 'incomplete',
      proved: true,
      updated: 10,
      remaining: 0,
      reason: expect.stringContaining('tenant 3') as string,
      tenants: [{ tenant: '3', updated: 10 }],
    });
    expect(await left()).toHaveLength(3);
    expect(await statusOf()).toMatchObject({
      status: 'incomplete',
      reason: expect.stringContaining('tenant 3') as string,
      updated: 10,
      tenants: [{ tenant: '3', updated: 10 }],
    });
    expect(await run(['3'])).toMatchObject({ outcome: 'nothing-to-do', status: 'incomplete', updated: 0 });
  });

  it('is not complete after a run of each tenant; the full run that follows changes the other rows', async () => {
    expect(await run(['3', QUOTED])).toMatchObject({ status: 'incomplete', updated: 16 });
    expect(await run(['NULL'])).toMatchObject({ status: 'incomplete', updated: 1 });
    expect(await left()).toEqual([{ tenant: null, n: 5 }]);
    expect(await run()).toMatchObject({ outcome: 'complete', status: 'complete', updated: 5, batches: 2 });
    expect(await statusOf()).toMatchObject({
      status: 'complete',
      updated: 22,
      tenants: [{ updated: 10 }, { updated: 6 }, { tenant: null, updated: 5 }, { updated: 1 }],
    });
  });

  it('keeps the ranges of a run of one tenant and those of a stopped full run separate', async () => {
    const stop = new AbortController();
    const observer = { progressed: () => stop.abort('the test') };
    const { status, updated = 0 } = await run(undefined, { observer, signal: stop.signal });
    expect(status).toBe('incomplete');
    // The current batch, and one that may already have been in flight.
    expect([4, 8]).toContain(updated);
    expect(await run(['3'])).toMatchObject({ status: 'incomplete', updated: 10 - updated });
    expect(await run()).toMatchObject({ status: 'complete', updated: 12 });
    expect(await statusOf()).toMatchObject({ updated: 22, tenants: [{ updated: 10 }, {}, {}, {}] });
  });

  it('keeps the status complete in a run of one tenant', async () => {
    await run();
    expect(await run(['3'])).toMatchObject({ outcome: 'nothing-to-do', status: 'complete', updated: 0 });
    expect(await statusOf()).toMatchObject({ status: 'complete' });
  });

  it('passes tenant ids as values, even if they contain SQL', async () => {
    expect(await run([QUOTED, `'; DROP TABLE leads --`])).toMatchObject({ outcome: 'complete', updated: 6 });
    const { proof } = await run([QUOTED]);
    expect(await database.query(proof ?? '')).toEqual([{ count: '0' }]);
    await database.query(`UPDATE leads SET search_name = NULL`);
    expect(await database.query(proof ?? '')).toEqual([{ count: '6' }]);
  });

  it('accepts a requested tenant without rows and reports it, because it may be misspelled', async () => {
    const recorder = new Recorder();
    const report = await run(['nobody'], { observer: recorder });
    expect(report).toMatchObject({ outcome: 'nothing-to-do', status: 'pending', updated: 0 });
    expect(report).toMatchObject({ onlyTenants: ['nobody'], withoutRows: ['nobody'] });
    expect(report.reason).toContain(
      'No row of the table has the tenant nobody; the other tenants were not part',
    );
    expect(recorder.notes).toEqual(['No row of the table has the tenant nobody.']);
  });

  it('reports those of several requested tenants that have no rows, and no others', async () => {
    const report = await run(['3', 'nobody', 'no one']);
    expect(report).toMatchObject({ outcome: 'complete', updated: 10, withoutRows: ['no one', 'nobody'] });
    expect(report.reason).toContain('The probe found no pending row of tenant 3');
    expect(report.reason).toContain('No row of the table has the tenants no one, nobody.');
    expect(await run(['3'])).not.toHaveProperty('withoutRows');
    expect(await run()).not.toHaveProperty('onlyTenants');
  });

  it('does not report a tenant as misspelled if its rows were changed and deleted', async () => {
    await run(['3']);
    await database.query(`DELETE FROM leads WHERE tenant_id = '3'`);
    expect(await run(['3'])).not.toHaveProperty('withoutRows');
  });

  it('changes a row that moved to another tenant once and counts it for its tenant at that time', async () => {
    await run(['3']);
    await database.query(`UPDATE leads SET tenant_id = '3', name = 'moved' WHERE tenant_id IS NULL`);
    expect(await run(['3'])).toMatchObject({
      outcome: 'complete',
      updated: 5,
      tenants: [{ tenant: '3', updated: 15 }],
    });
  });

  it('reports the tenant of each batch in its progress', async () => {
    const recorder = new Recorder();
    await run(undefined, { observer: recorder });
    expect(new Set(recorder.progress.map(({ tenant }) => tenant))).toEqual(
      new Set(['3', QUOTED, null, 'NULL']),
    );
  });

  it('is refused, and nothing runs, if a tenant is requested and another backfill declares no tenant column', async () => {
    const refused = application.service.run({ tenants: ['3'] });
    await expect(refused).rejects.toThrow(TenantNotDeclaredError);
    await expect(refused).rejects.toMatchObject({
      subject: 'for-all',
      remedy: expect.stringContaining('tenant') as string,
    });
    expect(await left()).toHaveLength(4);
  });
});
