import { Backfill, BackfillService, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { ApiClient } from '../../support/applications/api-client.ts';
import { authorizeByHeader, DashboardApp } from '../../support/applications/dashboard.ts';
import { until } from '../../support/runs/until.ts';
import { addLeads, Lead } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}
interface Route {
  readonly method: string;
  readonly path: string;
}

const ACTIONS = ['pause', 'resume', 'cancel', 'set', 'run', 'retry'];
/** The roles that may do what a path ends with; what no line names is for every role. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries([...ACTIONS, 'plan', 'rows'].map((action) => [action, ['operator', 'admin']])),
  cancel: ['admin'],
};
/** The same for everybody, also without a role. */
const PUBLIC = ['/backfills', '/backfills/assets/live.js'];

/** The routes that the server has, with a value for each parameter: a new route is tested without being named here. */
function routesOf({ app }: DashboardApp): readonly Route[] {
  const { router } = app.getHttpAdapter().getInstance() as { router: { stack: readonly Layer[] } };
  return router.stack.flatMap(({ route }) => {
    if (!route?.path.startsWith('/backfills')) return [];
    const paths = route.path.includes(':action')
      ? ACTIONS.map((action) => route.path.replace(':action', action))
      : [route.path];
    const methods = Object.keys(route.methods).filter((method) => method !== 'head');
    return methods.flatMap((method) =>
      paths.map((path) => ({
        method: method.toUpperCase(),
        path: path.replace(':name', 'names').replace(':file', 'live.js'),
      })),
    );
  });
}

const METHODS = ['pause', 'resume', 'cancel', 'set', 'recordStart', 'run', 'plan', 'preview'] as const;

describe('of every route of the dashboard', () => {
  let dashboard: DashboardApp;
  let routes: readonly Route[];
  const calls: string[] = [];

  beforeAll(async () => {
    dashboard = await DashboardApp.start({
      backfills: [Names],
      // A limit of actions must not hide why they are refused.
      dashboard: { authorize: authorizeByHeader, actionsPerMinute: 10_000 },
    });
    await addLeads(dashboard.database, 5);
    await dashboard.service.run({ maxDurationMs: 0 });
    routes = routesOf(dashboard);
    const service = dashboard.app.get(BackfillService);
    // What changes something, or makes the database work; still carried out.
    Object.assign(service, Object.fromEntries(METHODS.map((method) => [method, recorded(service, method)])));
  });
  beforeEach(() => void calls.splice(0));
  afterAll(() => dashboard.stop());

  const recorded = (service: BackfillService, method: (typeof METHODS)[number]) => {
    const original = (service[method] as (...given: unknown[]) => unknown).bind(service);
    return (...given: unknown[]) => {
      calls.push(method);
      return original(...given);
    };
  };
  const isAction = (path: string) => Object.hasOwn(MAY, path.split('/').at(-1) ?? '');
  const mayDo = (path: string, role: string) =>
    // Rows in quarantine are read from the ledger.
    path.endsWith('/quarantine/rows') || (MAY[path.split('/').at(-1) ?? '']?.includes(role) ?? true);
  let visitor = 0;
  const send = async ({ method, path }: Route, headers: Record<string, string>, fields = {}) => {
    const body = method === 'GET' ? null : JSON.stringify({ ...fields, ...bodyOf(path) });
    const stop = new AbortController();
    const response = await fetch(`${dashboard.origin}${path}`, {
      ...{ method, body, redirect: 'manual', signal: stop.signal },
      headers: { 'x-actor': `visitor ${visitor++}`, 'content-type': 'application/json', ...headers },
    });
    const { status } = response;
    if (path.endsWith('/live')) stop.abort();
    else await response.text();
    return status;
  };
  const bodyOf = (path: string): Record<string, string> => ({
    ...(isAction(path) && !/\/(?:plan|rows)$/.test(path) ? { reason: 'x' } : {}),
    ...(path.endsWith('/set') ? { batchSize: '77' } : {}),
  });
  const posts = () => routes.filter(({ method }) => method !== 'GET');

  it('there are as many as the table of the server has, and each that is no GET is an action', () => {
    expect(routes.length).toBeGreaterThan(40);
    expect(
      posts()
        .map(({ path }) => path)
        .filter((path) => !isAction(path)),
    ).toEqual([]);
    expect(posts()).toHaveLength(2 * Object.keys(MAY).length);
  });

  it('none answers a visitor without a role, but the redirect and the files that tell nothing', async () => {
    for (const route of routes) {
      const status = await send(route, {});
      const { path } = route;
      if (PUBLIC.includes(path))
        expect({ path, status }).toEqual({ path, status: path === '/backfills' ? 303 : 200 });
      else expect({ ...route, status }).toEqual({ ...route, status: 403 });
    }
    expect(calls).toEqual([]);
  });

  it('none does anything when it is only opened, whatever the role', async () => {
    for (const route of routes.filter(({ method }) => method === 'GET')) {
      const status = await send(route, { 'x-role': 'admin', 'sec-fetch-site': 'cross-site' });
      // A link of another site may lead to a page; a stream is no page.
      const expected = route.path === '/backfills' ? 303 : route.path.endsWith('/live') ? 403 : 200;
      expect({ ...route, status }).toEqual({ ...route, status: expected });
      expect((await send(route, { 'x-role': 'viewer' })) === 403).toBe(!mayDo(route.path, 'viewer'));
    }
    expect(calls).toEqual([]);
  });

  it.each(['viewer', 'operator', 'admin'])(
    'none does anything for the role %s without a token, or with that of another person, site or browser',
    async (role) => {
      const own = { 'x-role': role, 'x-actor': 'ada' };
      const other = await ApiClient.open(dashboard, { 'x-role': 'admin', 'x-actor': 'eve' });
      const ada = await ApiClient.open(dashboard, own);
      const { cookie = '', 'x-csrf-token': token = '' } = ada.headers;
      const attempts: Record<string, string>[] = [
        own,
        { ...own, 'x-csrf-token': 'l0.x', cookie },
        { ...own, 'x-csrf-token': token },
        { ...own, 'x-csrf-token': other.headers['x-csrf-token'] ?? '', cookie },
        {
          ...own,
          'x-csrf-token': other.headers['x-csrf-token'] ?? '',
          cookie: other.headers['cookie'] ?? '',
        },
        { ...own, 'x-csrf-token': token, cookie, 'sec-fetch-site': 'cross-site' },
        { ...own, 'x-csrf-token': token, cookie, 'sec-fetch-site': 'same-site' },
      ];
      for (const [at, headers] of attempts.entries())
        for (const route of posts()) {
          const status = await send(route, headers, { csrf: headers['x-csrf-token'] });
          expect({ at, ...route, status }).toEqual({ at, ...route, status: 403 });
        }
      expect(calls).toEqual([]);
    },
  );

  it('each action is carried out with a token of its page or of the API, for the roles that may do it, and for no other', async () => {
    for (const role of ['viewer', 'operator', 'admin'])
      for (const route of posts()) {
        const headers = { 'x-role': role, 'x-actor': `person ${visitor++}` };
        calls.length = 0;
        let status = 0;
        // The process is busy for a moment after a run that it has started. What the service refuses was let through.
        await until(async () => {
          status = await carryOut(route, headers);
          return status !== 409 || calls.length > 0;
        });
        const isAllowed = mayDo(route.path, role);
        expect({ role, ...route, isRefused: status === 403 }).toEqual({
          role,
          ...route,
          isRefused: !isAllowed,
        });
        // Another status would make a later action impossible.
        if (isAllowed && /pause|cancel/.test(route.path))
          await dashboard.service.resume('names', { by: 'test' });
        if (!isAllowed) expect(calls).toEqual([]);
        else expect({ ...route, calls: calls.length }).not.toEqual({ ...route, calls: 0 });
      }
  });

  const carryOut = async (route: Route, headers: Record<string, string>) =>
    route.path.includes('/api/')
      ? send(route, { ...(await ApiClient.open(dashboard, headers)).headers })
      : pressButton(route, headers);
  const pressButton = async ({ path }: Route, headers: Record<string, string>) => {
    const form = /\/(?:plan|rows)$/.test(path) ? path : path.replace(/(\/\w+)$/, '/confirm$1');
    const { status } = await dashboard.get(form, headers);
    return status === 200 ? (await dashboard.steer(form, bodyOf(path), headers)).status : status;
  };
});
