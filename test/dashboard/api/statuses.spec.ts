import Ajv from 'ajv';
import { Backfill, BackfillService, type SetBackfill } from 'nestjs-backfill';
import { LedgerTooNewError } from 'nestjs-backfill/errors';
import { BackfillRecords } from 'nestjs-backfill/operate';
import { IsNull } from 'typeorm';
import { OverviewReader } from '../../../libs/dashboard/src/reading/overview.reader.ts';
import { ApiClient } from '../../support/applications/api-client.ts';
import { DashboardApp } from '../../support/applications/dashboard.ts';
import { addLeads, Lead } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

type Responses = Readonly<
  Record<string, { readonly content: { readonly 'application/json': { readonly schema: object } } }>
>;
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>;
  readonly components: object;
}
interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}
/** A request that makes an operation answer with a status. */
interface Attempt {
  readonly name?: string;
  readonly action?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly type?: string;
}

const READING_METHODS = [
  'overview',
  'rounds',
  'tenants',
  'history',
  'quarantine',
  'quarantinedRows',
  'samples',
] as const;
const API = '/backfills/api/v1';

describe('the OpenAPI document', () => {
  let dashboard: DashboardApp;
  let document: Document;
  let headers: Readonly<Record<string, string>>;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({ backfills: [Names] });
    await addLeads(dashboard.database, 3);
    await dashboard.service.run({ maxDurationMs: 0 });
    document = (await (await dashboard.get(`${API}/openapi.json`)).json()) as Document;
  });
  beforeEach(async () => {
    const actor = `ada ${String(performance.now())}`;
    ({ headers } = await ApiClient.open(dashboard, { 'x-role': 'admin', 'x-actor': actor }));
  });
  afterEach(() => restore.splice(0).forEach((undo) => undo()));
  afterAll(() => dashboard.stop());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses }]) => ({ path, method, responses })),
    );
  const send = async (path: string, method: string, attempt: Attempt = {}) => {
    const { name = 'names', action = 'pause', type = 'application/json', body = '{"reason":"x"}' } = attempt;
    const url = `${dashboard.origin}${API}${path.replace('{name}', name).replace('{action}', action)}`;
    const response = await fetch(url, {
      method: method.toUpperCase(),
      headers: { ...(attempt.headers ?? headers), ...(method === 'get' ? {} : { 'content-type': type }) },
      ...(method === 'get' ? {} : { body }),
    });
    return { status: response.status, body: await response.json() };
  };
  const restore: (() => void)[] = [];
  /** Makes whatever an operation reads or does fail, until the end of the test. */
  const failWith = (error: Error) => {
    const { app } = dashboard;
    for (const [target, methods] of [
      [app.get(BackfillRecords), READING_METHODS],
      [app.get(BackfillService), ['plan', 'preview', 'pause']],
    ] as const) {
      const fail = () => Promise.reject(error);
      Object.assign(target, Object.fromEntries(methods.map((method) => [method, fail])));
      restore.push(() => methods.forEach((method) => Reflect.deleteProperty(target, method)));
    }
  };
  const readsLedger = (path: string) => !['/openapi.json', '/token'].includes(path);

  it('has each route of the API, and no other', () => {
    const { router } = dashboard.app.getHttpAdapter().getInstance() as {
      router: { stack: readonly Layer[] };
    };
    const routes = router.stack.flatMap(({ route }) =>
      route?.path.startsWith(API)
        ? Object.keys(route.methods)
            .filter((method) => method !== 'head')
            .map((method) => `${method} ${route.path.slice(API.length).replace(/:(\w+)/g, '{$1}')}`)
        : [],
    );
    expect(routes.length).toBeGreaterThan(10);
    expect(
      operations()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    ).toEqual(routes.sort());
  });

  const isPost = ({ method }: { method: string }) => method === 'post';
  const isSteering = ({ path }: { path: string }) => path.endsWith('{action}');
  type Kind = ReturnType<typeof operations>[number];
  const nothing = () => undefined;
  const cases: [number, string, Attempt, (operation: Kind) => boolean, () => void][] = [
    [400, 'a body that is no JSON', { body: '{' }, isPost, nothing],
    [400, 'an unknown field', { body: '{"reason":"x","what":1}' }, isSteering, nothing],
    [403, 'no role', { headers: {} }, () => true, nothing],
    [403, 'no token', { headers: { 'x-role': 'admin' } }, isPost, nothing],
    [404, 'an unknown backfill', { name: 'nemes' }, ({ path }) => path.includes('{name}'), nothing],
    [404, 'an unknown action', { action: 'explode' }, isSteering, nothing],
    [
      409,
      'an error of the state',
      {},
      ({ path }) => readsLedger(path),
      () => failWith(new LedgerTooNewError('nestjs_backfill', 99, 11)),
    ],
    [413, 'a large body', { body: JSON.stringify({ reason: 'x'.repeat(200_000) }) }, isPost, nothing],
    [415, 'a body of another type', { type: 'text/plain' }, isSteering, nothing],
    [415, 'an unknown encoding', { type: 'application/json; charset=ebcdic' }, isPost, nothing],
    [422, 'no reason', { body: '{"reason":" "}' }, isSteering, nothing],
    [500, 'an unexpected error', {}, ({ path }) => readsLedger(path), () => failWith(new Error('a bug'))],
    [
      503,
      'a database that is away',
      {},
      ({ path }) => readsLedger(path),
      () => failWith(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })),
    ],
  ];

  const expectDescribed = async (operation: Kind, status: number, attempt: Attempt) => {
    const { path, method, responses } = operation;
    const answer = await send(path, method, attempt);
    const about = { path, method };
    expect({ ...about, status: answer.status, body: answer.body }).toEqual({
      ...about,
      status,
      body: answer.body,
    });
    const schema = responses[String(status)]?.content['application/json'].schema;
    expect({ ...about, status, isDescribed: schema !== undefined }).toEqual({
      ...about,
      status,
      isDescribed: true,
    });
    const validate = new Ajv({ unknownFormats: 'ignore', schemaId: 'auto' }).compile({
      ...schema,
      components: document.components,
    });
    validate(answer.body);
    expect({ ...about, errors: validate.errors }).toEqual({ ...about, errors: null });
  };

  it.each(cases)(
    'has the status %i, for %s, of each operation that answers it',
    async (status, _, attempt, of, before) => {
      const own = operations().filter(of);
      expect(own.length).toBeGreaterThan(0);
      // What was read in the last second is shared.
      dashboard.app.get(OverviewReader, { strict: false }).forget();
      before();
      for (const operation of own) await expectDescribed(operation, status, attempt);
    },
  );

  it('has the status 429 of each operation that counts as an action', async () => {
    for (let at = 0; at < 20; at++) await send('/backfills/{name}/{action}', 'post', { body: '{}' });
    for (const operation of operations().filter(isPost)) await expectDescribed(operation, 429, {});
  });

  it('has no status that no operation of its kind answers', () => {
    const answered = new Set(['200', '429', ...cases.map(([status]) => String(status))]);
    for (const { responses } of operations())
      for (const status of Object.keys(responses)) expect(answered).toContain(status);
  });
});
