import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { ApiClient } from '../support/applications/api-client.ts';
import { DashboardApp } from '../support/applications/dashboard.ts';
import { until } from '../support/runs/until.ts';
import { addLeads, Lead } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, tenant: 'tenantId' })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

const PAGES = [
  'overview',
  'b/names',
  'b/names/tenants',
  'b/names/history',
  'b/names/quarantine',
  'b/names/confirm/pause',
  'b/names/confirm/set',
];
const READS = ['overview', 'phases', 'rounds'];
const READS_OF_NAMES = ['', '/tenants', '/history', '/quarantine', '/quarantine/rows', '/samples'];
const ACTIONS = ['pause', 'resume', 'cancel', 'set', 'run', 'retry'];

describe('while the database is away', () => {
  let dashboard: DashboardApp;
  let api: ApiClient;
  const forms = new Map<string, { csrf: string; cookie: string }>();
  const headers = { 'x-role': 'admin' };

  beforeAll(async () => {
    dashboard = await DashboardApp.start({
      backfills: [Names],
      dashboard: { authorize: () => 'admin', actionsPerMinute: 1_000 },
    });
    await addLeads(dashboard.database, 3, 2);
    await dashboard.service.run({ maxDurationMs: 0 });
    api = await ApiClient.open(dashboard);
    for (const action of [...ACTIONS, 'plan', 'rows']) {
      const isRehearsal = action === 'plan' || action === 'rows';
      const page = await dashboard.get(`/backfills/b/names/${isRehearsal ? '' : 'confirm/'}${action}`);
      const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(await page.text()) ?? [];
      forms.set(action, { csrf, cookie: (page.headers.get('set-cookie') ?? '').split(';')[0] ?? '' });
    }
    await setAway(true);
  });
  afterAll(async () => {
    await setAway(false);
    await dashboard.stop();
  });

  const setAway = async (isAway: boolean) => {
    const { name, serverUrl } = dashboard.database;
    const admin = dashboard.database.at(serverUrl);
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${String(!isAway)}`);
    if (isAway)
      await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    // What was read in the last second is shared.
    await until(async () => ((await dashboard.get('/backfills/overview')).status === 503) === isAway);
  };

  it.each(PAGES)('the page %s says so, and is loaded again by itself', async (path) => {
    const response = await dashboard.get(`/backfills/${path}`);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(response.headers.get('refresh'))).toBeGreaterThan(0);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).toMatch(
      /The database does not answer, so this page cannot be shown: .*not currently accepting connections/,
    );
  });

  it.each([...READS, ...READS_OF_NAMES.map((path) => `backfills/names${path}`)])(
    'the API answers %s with the reason and the time to wait',
    async (path) => {
      const response = await dashboard.get(`/backfills/api/v1/${path}`);
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await response.json()).toEqual({
        error: {
          status: 503,
          message: expect.stringMatching(/^The database does not answer: .* Ask again later\.$/) as string,
        },
      });
    },
  );

  it.each(ACTIONS)(
    'the action %s says that it may have been carried out, over the API and in the form',
    async (action) => {
      const says = /The database does not answer, so it is not known whether the action was carried out/;
      const fields = { reason: 'x', ...(action === 'set' ? { batchSize: '7' } : {}) };
      expect(await api.post('names', action, fields)).toMatchObject({
        status: 503,
        error: expect.stringMatching(says) as string,
      });
      const { csrf = '', cookie = '' } = forms.get(action) ?? {};
      const response = await fetch(`${dashboard.origin}/backfills/b/names/${action}`, {
        method: 'POST',
        headers: { ...headers, cookie },
        body: new URLSearchParams({ csrf, ...fields }),
      });
      expect(response.status).toBe(503);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      // A browser must not send it again by itself.
      expect(response.headers.get('refresh')).toBeNull();
      expect(await response.text()).toMatch(says);
    },
  );

  it.each(['plan', 'rows'])('the %s says that nothing was rehearsed', async (action) => {
    const says = /The database does not answer, so nothing was rehearsed/;
    expect(await api.post('names', action, {})).toMatchObject({
      status: 503,
      error: expect.stringMatching(says) as string,
    });
    const { csrf = '', cookie = '' } = forms.get(action) ?? {};
    const response = await fetch(`${dashboard.origin}/backfills/b/names/${action}`, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: new URLSearchParams({ csrf }),
    });
    expect(response.status).toBe(503);
    expect(await response.text()).toMatch(says);
  });

  it('the stream says so, and says that something has changed when the database is back; so do pages and API', async () => {
    const stop = new AbortController();
    const response = await fetch(`${dashboard.origin}/backfills/live`, { headers, signal: stop.signal });
    let received = '';
    let isBack = false;
    const decoder = new TextDecoder();
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      received += decoder.decode(part);
      if (!isBack && received.includes('event: unavailable')) {
        isBack = true;
        await setAway(false);
      }
      if (isBack && received.includes('event: changed')) break;
    }
    expect(received).toMatch(
      /data: The database does not answer, so this page shows an earlier state: .*\. It goes on by itself\./,
    );
    for (const path of ['overview', 'b/names', 'api/v1/overview', 'api/v1/rounds'])
      expect((await dashboard.get(`/backfills/${path}`)).status).toBe(200);
    expect((await api.post('names', 'pause', { reason: 'it is back' })).status).toBe(200);
  });
});
