import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { BackfillDashboardModule } from 'nestjs-backfill-dashboard';
import { TestApplication } from '../support/applications/application.ts';
import { DashboardApp } from '../support/applications/dashboard.ts';
import { until } from '../support/runs/until.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, tenant: 'tenantId' })
class Names implements SetBackfill<Lead> {
  set() {
    return {
      searchName: `CASE WHEN name = 'Lead 7' THEN (1 / (length(name) - 6))::text ELSE lower(name) END`,
    };
  }
}

@Backfill<Lead>({
  name: 'directions',
  entity: Lead,
  where: { lastCallDirection: IsNull() },
  dependsOn: ['names'],
})
class Directions implements SetBackfill<Lead> {
  set() {
    return { lastCallDirection: `'none'` };
  }
}

describe('the dashboard', () => {
  let dashboard: DashboardApp;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({ backfills: [Names, Directions] });
  });
  beforeEach(async () => {
    await resetLeads(dashboard.database);
    await addLeads(dashboard.database, 20, 4);
  });
  afterAll(() => dashboard.stop());

  it('leads from its path to the overview, also with a slash at the end', async () => {
    for (const path of ['/backfills', '/backfills/']) {
      const response = await dashboard.get(path);
      expect(response.status).toBe(303);
      const location = response.headers.get('location') ?? '';
      expect(new URL(location, `${dashboard.origin}${path}`).pathname).toBe('/backfills/overview');
    }
  });

  it('shows each backfill with its status, what needs a person, and the phases, before the first run and after it', async () => {
    const before = await dashboard.text('/backfills/overview');
    expect(before).toMatch(/href="\.\/b\/names"[^]*href="\.\/b\/directions"/);
    expect(before).toContain('Nothing needs a person.');
    await dashboard.service.run();
    let after = '';
    // Visitors share what was read in the last second.
    await until(async () =>
      (after = await dashboard.text('/backfills/overview')).includes('1 row in quarantine'),
    );
    expect(after).toMatch(/data-backfill="names"[^]*data-bind="updated">\s*19\s*</);
    expect(after).toMatch(/Migrations[^]*Indexes[^]*Backfills/);
  });

  it('shows one backfill: reason, quarantine by error with keys, tenants, history and declaration', async () => {
    await dashboard.service.run();
    const page = await dashboard.text('/backfills/b/names');
    expect(page).toContain('incomplete');
    expect(page).toMatch(/22012<\/td><td>division by zero<\/td><td>7</);
    expect(page).toMatch(/pending → running/);
    expect(page).toContain('search_name');
    expect(page).toMatch(/All of them: 4</);
    const tenants = await dashboard.text('/backfills/b/names/tenants?search=3&sort=tenant&order=ascending');
    expect(tenants).toContain('1 to 1 of 1');
    expect(await dashboard.text('/backfills/b/names/history')).toMatch(
      /pending → running<\/td><td>First run/,
    );
  });

  it('makes a plan with its SQL, and changes no row', async () => {
    const page = await dashboard.text('/backfills/b/names/plan');
    expect(page).toContain('UPDATE');
    expect(await dashboard.database.query('SELECT 1 FROM leads WHERE search_name IS NOT NULL')).toEqual([]);
  });

  it('pauses, resumes, sets and cancels with a reason, and records the person', async () => {
    await dashboard.service.run({ names: ['names'] });
    const status = async () => (await dashboard.service.status({ names: ['names'] })).backfills[0];
    const steer = (action: string, fields: Record<string, string>) =>
      dashboard.steer(`/backfills/b/names/confirm/${action}`, fields);

    const paused = await steer('pause', { reason: 'month end' });
    expect(paused.status).toBe(303);
    expect(new URL(paused.headers.get('location') ?? '', paused.url).pathname).toBe('/backfills/b/names');
    expect(await status()).toMatchObject({ status: 'paused', reason: 'Paused by ada: month end.' });

    await steer('resume', { reason: 'month is over' });
    expect(await status()).toMatchObject({ status: 'incomplete' });

    await steer('set', { reason: 'slower', batchSize: '50', pause: '1.5s', workers: '' });
    expect((await status())?.settings).toMatchObject([
      { setting: 'batchSize', value: '50', by: 'ada', why: 'slower' },
      { setting: 'pause', value: '1500' },
    ]);
    await steer('set', { reason: 'as before', batchSize: 'default', pause: 'default' });
    expect((await status())?.settings).toEqual([]);

    await steer('cancel', { reason: 'not needed' });
    expect(await status()).toMatchObject({ status: 'cancelled' });
    const history = await dashboard.text('/backfills/b/names/history');
    for (const reason of ['month end', 'month is over', 'slower', 'not needed'])
      expect(history).toContain(reason);
  });

  it('shows a mistake in the form with what the person has filled in, and changes nothing', async () => {
    const form = '/backfills/b/names/confirm/set';
    const response = await dashboard.steer(form, { reason: 'a "try"', batchSize: 'many' });
    expect(response.status).toBe(422);
    const page = await response.text();
    expect(page).toContain('batchSize cannot be &quot;many&quot;');
    expect(page).toContain('value="a &quot;try&quot;"');
    expect((await dashboard.steer(form, { reason: ' ', batchSize: '5' })).status).toBe(422);
    expect(
      await dashboard.database.query(`SELECT to_regclass('nestjs_backfill.control') AS found`),
    ).toBeDefined();
    expect((await dashboard.service.status({ names: ['names'] })).backfills[0]?.settings).toEqual([]);
  });

  it('runs a backfill in this process, and retries its quarantine', async () => {
    const isDone = async (rows: string) => {
      while (!(await dashboard.text('/backfills/api/v1/overview')).includes(`"updated":${rows},`));
    };
    expect((await dashboard.steer('/backfills/b/names/confirm/run', { reason: 'now' })).status).toBe(303);
    await isDone('19');
    await dashboard.database.query(`UPDATE leads SET name = 'Lead seven' WHERE name = 'Lead 7'`);
    let retried: Response;
    do retried = await dashboard.steer('/backfills/b/names/confirm/retry', { reason: 'fixed' });
    while (retried.status === 409);
    await isDone('20');
    expect((await dashboard.service.status({ names: ['names'] })).backfills[0]).toMatchObject({
      quarantined: 0,
    });
  });

  it('does not disturb a one-shot run, which has no server', async () => {
    const { database } = dashboard;
    const imports = [BackfillDashboardModule.forRoot()];
    const options = { database, entities: LEAD_TABLES, backfills: [Names], imports };
    const application = await TestApplication.start(options);
    expect(await application.service.run()).toMatchObject({ outcome: 'incomplete' });
    await application.stop();
  });

  it('says that there is no such backfill', async () => {
    for (const path of ['b/nemes', 'b/nemes/tenants', 'b/nemes/confirm/pause', 'b/nemes/plan']) {
      const response = await dashboard.get(`/backfills/${path}`);
      expect(response.status).toBe(404);
      expect(await response.text()).toContain('Did you mean &quot;names&quot;?');
    }
  });
});
