import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { DashboardApp } from '../../support/applications/dashboard.ts';
import { addLeads, Lead, resetLeads } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({
  name: 'names',
  entity: Lead,
  where: { searchName: IsNull() },
  tenant: 'tenantId',
})
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name LIKE '%bad%' THEN name::int::text ELSE '<b>"x"</b>' END` };
  }
}

const HOSTILE = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  `' onmouseover='alert(1)`,
  '</td></tr></table><svg/onload=alert(1)>',
  'javascript:alert(1)',
  '${7*7}{{7*7}}',
  '\u202etxt.exe',
  '&lt;script&gt;',
];

/** Elements and attributes that only hostile text would bring. */
const INJECTED =
  /<script>|<img|<svg\/|onerror=alert\(1\)>|<b>|\u202e|<\w+(?:\s+[\w-]+(?:="[^"]*")?)*\s+onmouseover/;

const PAUSE = '/backfills/b/names/pause';
const FORM = '/backfills/b/names/confirm/pause';

describe('the dashboard refuses', () => {
  let dashboard: DashboardApp;
  const warnings: string[] = [];

  beforeAll(async () => {
    const ignore = () => undefined;
    const logger = { log: ignore, error: ignore, warn: (line: string) => void warnings.push(line) };
    dashboard = await DashboardApp.start({ backfills: [Names], logger });
  });
  beforeEach(async () => {
    await resetLeads(dashboard.database);
    await addLeads(dashboard.database, 4);
    await dashboard.service.run({ maxDurationMs: 0 });
    warnings.length = 0;
  });
  afterAll(() => dashboard.stop());

  const status = async () => (await dashboard.service.status({ names: ['names'] })).backfills[0]?.status;
  const post = (path: string, body: string | URLSearchParams, headers: Record<string, string>) =>
    fetch(`${dashboard.origin}${path}`, { method: 'POST', body, headers, redirect: 'manual' });

  it('to become part of the page: hostile tenants, errors, reasons, actors and SQL stay text', async () => {
    for (const [at, text] of HOSTILE.entries())
      await dashboard.database.query('INSERT INTO leads (tenant_id, name) VALUES ($1, $2)', [
        text,
        at % 2 === 0 ? `bad ${text}` : text,
      ]);
    await dashboard.service.run();
    for (const text of HOSTILE)
      await dashboard.service.set('names', { batchSize: 100 + text.length }, { by: text, why: text });
    const pages = ['overview', 'b/names', 'b/names/tenants', 'b/names/history', 'b/names/plan'];
    pages.push('b/names/rows', 'b/names/quarantine');
    for (const path of pages) {
      const page = /plan|rows/.test(path)
        ? await dashboard.rehearse(`/backfills/${path}`)
        : await dashboard.text(`/backfills/${path}`);
      expect(page).toContain('</html>');
      expect({ path, injected: INJECTED.exec(page)?.[0] }).toEqual({ path, injected: undefined });
    }
    const tenants = await dashboard.text('/backfills/b/names/tenants');
    expect(tenants).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(tenants).toContain('&amp;lt;script&amp;gt;');
    for (const text of HOSTILE) {
      const search = encodeURIComponent(text);
      const queries = [
        `tenants?search=${search}`,
        `quarantine?error=${search}`,
        `confirm/retry?key=${search}`,
      ];
      for (const path of [
        ...queries.map((query) => `b/names/${query}`),
        `b/names?done=${search}`,
        `b/${search}`,
      ]) {
        const page = await dashboard.text(`/backfills/${path}`);
        expect({ path, injected: INJECTED.exec(page)?.[0] }).toEqual({ path, injected: undefined });
      }
    }
  });

  it('SQL in searches, sorts and pages of lists: they find nothing more, and break nothing', async () => {
    await dashboard.service.run();
    const hostile = ["'; DROP TABLE leads; --", '%', '_', '\\', "' OR '1'='1", '\0'];
    for (const text of hostile) {
      const query = new URLSearchParams({ search: text, sort: text, order: text, offset: text, limit: text });
      const response = await dashboard.get(`/backfills/api/v1/backfills/names/tenants?${query.toString()}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ total: text === '\0' ? 1 : 0 });
    }
    expect(await dashboard.database.query('SELECT count(*)::int AS rows FROM leads')).toEqual([{ rows: 4 }]);
  });

  const everyAction = ['pause', 'resume', 'cancel', 'set', 'run', 'retry'];
  const attempts: [string, string, Record<string, string>, number][] = [
    ['without a role', 'no token', {}, 403],
    ['as a viewer', 'no token', { 'x-role': 'viewer' }, 403],
    ['without a token', 'no token', { 'x-role': 'admin' }, 403],
    ['with a wrong token', 'wrong', { 'x-role': 'admin' }, 403],
    ['from another site', 'no token', { 'x-role': 'admin', 'sec-fetch-site': 'cross-site' }, 403],
  ];
  it.each(attempts)(
    'each action %s, and writes who tried it to the log',
    async (_title, token, headers, code) => {
      for (const action of everyAction) {
        const body = new URLSearchParams({
          reason: 'x',
          batchSize: '7',
          ...(token === 'wrong' ? { csrf: 'l0.x' } : {}),
        });
        // A limit of actions must not hide why they are refused.
        const own = { ...headers, 'x-actor': `eve ${action}` };
        expect((await post(`/backfills/b/names/${action}`, body, own)).status).toBe(code);
        const json = JSON.stringify({ reason: 'x', batchSize: 7 });
        const api = { ...own, 'content-type': 'application/json', 'x-csrf-token': 'l0.x' };
        expect((await post(`/backfills/api/v1/backfills/names/${action}`, json, api)).status).toBe(code);
      }
      expect(await status()).toBe('pending');
      expect((await dashboard.service.status({ names: ['names'] })).backfills[0]?.settings).toEqual([]);
      expect(warnings.filter((line) => line.includes('Refused'))).toHaveLength(12);
    },
  );

  it('a token of another action, another person, another browser, or one without its cookie', async () => {
    const tokenOf = async (path: string, headers: Record<string, string>) => {
      const page = await dashboard.get(path, headers);
      const cookie = (page.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
      const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(await page.text()) ?? [];
      return { cookie, csrf };
    };
    const ada = { 'x-role': 'admin', 'x-actor': 'ada' };
    const own = await tokenOf(FORM, ada);
    const tries: [string, Record<string, string>, string][] = [
      [(await tokenOf('/backfills/b/names/confirm/cancel', ada)).csrf, { ...ada, cookie: own.cookie }, PAUSE],
      [own.csrf, { ...ada, cookie: (await tokenOf(FORM, ada)).cookie }, PAUSE],
      [own.csrf, ada, PAUSE],
      [own.csrf, { ...ada, 'x-actor': 'eve', cookie: own.cookie }, PAUSE],
      [own.csrf, { ...ada, cookie: own.cookie }, '/backfills/b/names/cancel'],
      [own.csrf, { ...ada, cookie: own.cookie, 'sec-fetch-site': 'same-site' }, PAUSE],
    ];
    for (const [csrf, headers, path] of tries)
      expect((await post(path, new URLSearchParams({ csrf, reason: 'x' }), headers)).status).toBe(403);
    expect(await status()).toBe('pending');
    const right = await post(PAUSE, new URLSearchParams({ csrf: own.csrf, reason: 'x' }), {
      ...ada,
      cookie: own.cookie,
    });
    expect(right.status).toBe(303);
    expect(await status()).toBe('paused');
  });

  it('what the role does not allow, also with a token: only an admin cancels', async () => {
    const operator = { 'x-role': 'operator', 'x-actor': 'olga' };
    const form = await dashboard.get('/backfills/b/names/confirm/cancel', operator);
    expect(form.status).toBe(403);
    expect(await dashboard.text('/backfills/b/names', operator)).not.toContain('confirm/cancel');
    expect(await dashboard.text('/backfills/b/names', { 'x-role': 'viewer' })).not.toContain('confirm/');
    for (const path of ['b/names/plan', 'b/names/rows'])
      expect((await dashboard.get(`/backfills/${path}`, { 'x-role': 'viewer' })).status).toBe(403);
    expect(await dashboard.text('/backfills/b/names', { 'x-role': 'viewer' })).not.toContain('names/rows');
    const paused = await dashboard.steer(FORM, { reason: 'night' }, operator);
    expect(paused.status).toBe(303);
  });

  it('everything to a visitor without a role, and says nothing about the backfills', async () => {
    const ofBackfill = ['', '/tenants', '/history', '/plan', '/rows', '/quarantine'];
    const paths = ['overview', 'live', ...ofBackfill.map((path) => `b/names${path}`)];
    const ofApi = ['', '/tenants', '/history', '/quarantine', '/quarantine/rows'].map(
      (path) => `backfills/names${path}`,
    );
    const api = ['overview', 'phases', 'rounds', 'token', 'openapi.json', ...ofApi];
    for (const path of [...paths, ...api.map((each) => `api/v1/${each}`)]) {
      const response = await dashboard.get(`/backfills/${path}`, {});
      expect({ path, status: response.status }).toEqual({ path, status: 403 });
      expect(await response.text()).not.toMatch(/leads|search_name/);
    }
  });

  it('more actions in a minute than the option allows, with the time to wait', async () => {
    const eve = { 'x-role': 'admin', 'x-actor': 'eve the fast' };
    const codes = new Set<number>();
    let last: Response | undefined;
    for (let at = 0; at < 21; at++) {
      last = await post(PAUSE, new URLSearchParams({ reason: 'x' }), eve);
      codes.add(last.status);
    }
    expect([...codes]).toEqual([403, 429]);
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0);
    const other = { 'x-role': 'admin', 'x-actor': 'ada, who waits' };
    expect((await dashboard.steer(FORM, { reason: 'x' }, other)).status).toBe(303);
  });

  it('lines of its own in the log and in the ledger', async () => {
    const actor = 'eve%0A[Nest] fake line';
    await post(PAUSE, new URLSearchParams({ reason: 'x' }), {
      'x-role': 'admin',
      'x-actor': decodeURI('eve\u0085fake'),
    });
    expect(warnings.every((line) => !/[\n\r\u0085]/.test(line))).toBe(true);
    await dashboard.steer(FORM, { reason: 'a\nb\u0000c' }, { 'x-role': 'admin', 'x-actor': actor });
    const { reason } = (await dashboard.service.status({ names: ['names'] })).backfills[0] ?? {};
    expect(reason).toBe(`Paused by ${actor}: a b c.`);
  });

  it('scripts, styles, frames and forms of others: each answer has the headers', async () => {
    for (const path of ['overview', 'b/none', 'api/v1/overview', 'assets/live.js', 'assets/none.js']) {
      const { headers } = await dashboard.get(`/backfills/${path}`);
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self';.*form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
      );
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cache-control')).toMatch(path === 'assets/live.js' ? /immutable/ : /no-store/);
    }
    const page = await dashboard.text('/backfills/overview');
    expect(page).not.toMatch(/<style|style="|<script(?! src=)|https?:\/\/|\son\w+=/);
    const cookie = (await dashboard.get(FORM)).headers.get('set-cookie');
    expect(cookie).toMatch(/^nestjs_backfill_dashboard=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
    const behindTls = await dashboard.get(FORM, { 'x-role': 'admin', 'x-forwarded-proto': 'https' });
    expect(behindTls.headers.get('set-cookie')).toContain('; Secure');
  });
});
