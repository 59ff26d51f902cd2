import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { BackfillDashboardModule } from 'nestjs-backfill-dashboard';
import { IsNull } from 'typeorm';
import { ApiClient } from '../../support/applications/api-client.ts';
import { DashboardApp } from '../../support/applications/dashboard.ts';
import { addLeads, Lead } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('BackfillDashboardModule', () => {
  const { env } = process;
  afterEach(() => (process.env = env));

  it('does not start in production without authorize', () => {
    process.env = { ...env, NODE_ENV: 'production' };
    expect(() => BackfillDashboardModule.forRoot()).toThrow(/no `authorize`, and NODE_ENV is "production"/);
    expect(() => BackfillDashboardModule.forRoot({ authorize: () => 'viewer' })).not.toThrow();
  });

  it.each([
    [{ path: 'a b' }, /`path` is "a b"/],
    [{ path: '/x/:id' }, /`path`/],
    [{ publicPath: '//evil.example/x' }, /`publicPath` is/],
    [{ publicPath: 'https://evil.example' }, /`publicPath` is/],
    [{ secret: 'short' }, /`secret` has fewer than 32 characters/],
    [{ actionsPerMinute: 0 }, /`actionsPerMinute`/],
    [{ authorise: () => 'admin' }, /`authorise` does not exist/],
  ])('refuses the options %j, and says what to give', (options, message) => {
    expect(() => BackfillDashboardModule.forRoot(options as object)).toThrow(message);
  });

  it('answers without authorize only requests of this machine to localhost', async () => {
    const dashboard = await DashboardApp.start({ backfills: [Names], dashboard: {} });
    expect((await dashboard.get('/backfills/overview', {})).status).toBe(200);
    for (const headers of [
      { 'x-forwarded-for': '10.0.0.1' },
      { host: 'crm.example' },
      { via: '1.1 proxy' },
    ]) {
      const own = { ...headers } as Record<string, string>;
      const response = await dashboard.rawGet('/backfills/overview', own);
      expect(response.status).toBe(403);
      expect(response.text).toContain('Without `authorize`'.replaceAll('`', '&#96;'));
    }
    await dashboard.stop();
  });

  it('asks authorize for the action rows before it shows values of rows', async () => {
    const dashboard = await DashboardApp.start({
      backfills: [Names],
      dashboard: { authorize: (_, action) => (action === 'rows' ? null : 'admin') },
    });
    await addLeads(dashboard.database, 1);
    expect((await dashboard.get('/backfills/b/names/plan', {})).status).toBe(200);
    expect((await dashboard.get('/backfills/b/names/rows', {})).status).toBe(403);
    const api = await ApiClient.open(dashboard, {});
    expect((await api.post('names', 'plan', {})).status).toBe(200);
    expect((await api.post('names', 'rows', {})).status).toBe(403);
    await dashboard.stop();
  });

  it('refuses a request if authorize throws or returns anything but a role', async () => {
    let answer: unknown = null;
    const dashboard = await DashboardApp.start({
      backfills: [Names],
      dashboard: {
        authorize: () => {
          if (answer === 'throw') throw new Error('the session store is away');
          return answer as null;
        },
      },
    });
    for (answer of [null, undefined, 'throw', 'root', true, {}, { role: 'owner' }, { role: ['admin'] }])
      expect((await dashboard.get('/backfills/overview', {})).status).toBe(403);
    await dashboard.stop();
  });
});
