import Ajv, { type ValidateFunction } from 'ajv';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { DashboardApp } from '../../support/applications/dashboard.ts';
import { addLeads, Lead } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, tenant: 'tenantId' })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `(1 / (length(name) - 6))::text` };
  }
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, { readonly get?: Operation; readonly post?: Operation }>>;
  readonly components: object;
}
interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: { readonly 'application/json': { readonly schema: object } } }>
  >;
}

const API = '/backfills/api/v1';

describe('the API', () => {
  let dashboard: DashboardApp;
  let document: Document;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({ backfills: [Names] });
    await addLeads(dashboard.database, 12, 2);
    await dashboard.service.run();
    document = (await (await dashboard.get(`${API}/openapi.json`)).json()) as Document;
  });
  afterAll(() => dashboard.stop());

  it('answers each reading operation of its OpenAPI document as the document says', async () => {
    expect(document.openapi).toBe('3.1.0');
    // Formats of this version of JSON Schema are not known to the validator.
    const ajv = new Ajv({ unknownFormats: 'ignore', schemaId: 'auto' });
    const reads = Object.entries(document.paths).flatMap(([path, { get }]) =>
      get ? [[path, get] as const] : [],
    );
    expect(reads.length).toBeGreaterThan(8);
    for (const [path, { responses }] of reads) {
      const response = await dashboard.get(`${API}${path.replace('{name}', 'names')}`);
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
      const schema = responses['200']?.content['application/json'].schema;
      const validate: ValidateFunction = ajv.compile({ ...schema, components: document.components });
      validate(await response.json());
      expect({ path, errors: validate.errors }).toEqual({ path, errors: null });
    }
  });

  it('pauses a backfill with a token, and answers a mistake with a status and a message', async () => {
    const tokenResponse = await dashboard.get(`${API}/token`);
    const { token } = (await tokenResponse.json()) as { token: string };
    const cookie = (tokenResponse.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const post = async (action: string, body: object, name = 'names') => {
      const response = await fetch(`${dashboard.origin}${API}/backfills/${name}/${action}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'x-role': 'admin', cookie, 'x-csrf-token': token, 'content-type': 'application/json' },
      });
      return { status: response.status, body: await response.json() };
    };
    expect(await post('pause', { reason: 'month end' })).toMatchObject({
      status: 200,
      body: { done: 'pause', backfill: { status: 'paused', reason: 'Paused by ada: month end.' } },
    });
    expect(await post('pause', {})).toMatchObject({ status: 422, body: { error: { status: 422 } } });
    expect(await post('explode', { reason: 'x' })).toMatchObject({ status: 404 });
    expect(await post('pause', { reason: 'x' }, 'nemes')).toMatchObject({ status: 404 });
    expect(await post('set', { reason: 'x', batchSize: 0 })).toMatchObject({
      status: 422,
      body: { error: { message: expect.stringContaining('batchSize cannot be "0"') as string } },
    });
    expect(await post('pause', { reason: 'x', targets: ['nowhere'] })).toMatchObject({ status: 422 });
    expect(await post('retry', { reason: 'x', keys: [] })).toMatchObject({ status: 400 });
    expect(await post('retry', { reason: 'x', keys: [['1'], ['999']] })).toMatchObject({
      status: 422,
      body: { error: { message: expect.stringContaining('1 of these rows is not in quarantine') as string } },
    });
    expect(await post('resume', { reason: 'on' })).toMatchObject({
      body: { backfill: { status: 'incomplete' } },
    });
  });
});
