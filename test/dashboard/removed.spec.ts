import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { BackfillRecords } from 'nestjs-backfill/operate';
import { IsNull } from 'typeorm';
import { DashboardApp } from '../support/applications/dashboard.ts';
import { addLeads, Lead } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, tenant: 'tenantId' })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('a backfill whose class was removed, but which the ledger still has', () => {
  let dashboard: DashboardApp;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({ backfills: [Names] });
    const { database } = dashboard;
    await addLeads(database, 12, 3);
    await dashboard.service.run();
    // As an earlier release has left them.
    await database.query(`INSERT INTO nestjs_backfill.backfill (name, version, target, kind, status, reason, started_at)
      SELECT 'former', v, 'public.customers', 'set', 'incomplete', 'Stopped with rows left, release ' || v, now() FROM generate_series(1, 2) AS v`);
    await database.query(`INSERT INTO nestjs_backfill.transition (name, version, target, from_status, to_status, reason, actor)
      VALUES ('former', 2, 'public.customers', 'running', 'incomplete', 'The process was stopped', 'crm:7')`);
    await database.query(`INSERT INTO nestjs_backfill.quarantined_row (name, version, target, key, tenant, error, error_code, attempts)
      VALUES ('former', 2, 'public.customers', '["77"]', 'acme', 'division by zero', '22012', 3)`);
    await database.query(`INSERT INTO nestjs_backfill.tenant_progress (name, version, target, tenant, updated)
      VALUES ('former', 2, 'public.customers', 'acme', 41)`);
  });
  afterAll(() => dashboard.stop());

  it('has a page that says so and what to do, with its state, history, quarantine and tenants, to which the overview leads', async () => {
    expect(await dashboard.text('/backfills/overview')).toContain('href="./b/former"');
    const response = await dashboard.get('/backfills/b/former');
    expect(response.status).toBe(200);
    const page = await response.text();
    for (const text of [
      'Its class is gone',
      'nest start --forget former',
      'Stopped with rows left, release 2',
      'running → incomplete',
      'division by zero',
      'public.customers',
      'acme',
    ])
      expect(page).toContain(text);
    // What is true of a declared backfill.
    expect(page).not.toContain('The next run continues by itself.');
    for (const [path, text] of [
      ['history', 'The process was stopped'],
      ['tenants', 'acme'],
      ['quarantine', 'division by zero'],
    ] as const)
      expect(await dashboard.text(`/backfills/b/former/${path}`)).toContain(text);
  });

  it('offers no action, and refuses each with the reason', async () => {
    expect(await dashboard.text('/backfills/b/former')).not.toMatch(/confirm\/|b\/former\/(?:plan|rows)/);
    expect(await dashboard.text('/backfills/b/former/quarantine')).not.toContain('checkbox');
    for (const action of ['pause', 'set', 'run', 'retry', 'cancel']) {
      const response = await dashboard.get(`/backfills/b/former/confirm/${action}`);
      expect({ action, status: response.status }).toEqual({ action, status: 409 });
      expect(await response.text()).toContain('does not declare &quot;former&quot; any more');
    }
  });

  it('is read over the API and by programs, but a name that no ledger has is not found', async () => {
    const answer = await (await dashboard.get('/backfills/api/v1/backfills/former')).json();
    expect(answer).toMatchObject({ declaration: null, overview: { declared: false, status: 'incomplete' } });
    const records = dashboard.app.get(BackfillRecords);
    expect(await records.tenants('former')).toMatchObject({
      total: 1,
      items: [{ tenant: 'acme', updated: 41 }],
    });
    expect(await records.history('former', { target: 'public.customers' })).toMatchObject({ total: 1 });
    await expect(records.history('former', { target: 'public.elsewhere' })).rejects.toThrow(/has no table/);
    await expect(records.history('forner')).rejects.toThrow('There is no backfill "forner".');
    expect((await dashboard.get('/backfills/b/forner')).status).toBe(404);
  });
});
