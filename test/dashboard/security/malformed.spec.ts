import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { ApiClient } from '../../support/applications/api-client.ts';
import { DashboardApp } from '../../support/applications/dashboard.ts';
import { addLeads, Lead, resetLeads } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name = 'Lead 7' THEN name::int::text ELSE lower(name) END` };
  }
}

/** What a request of the form or of the API says, and what the answer names. */
type Malformed = [action: string, body: Readonly<Record<string, unknown>>, says: RegExp];

const EVERY_ACTION = ['pause', 'resume', 'cancel', 'set', 'run', 'retry'];

describe('a malformed request is answered with 400, and nothing is done', () => {
  let dashboard: DashboardApp;
  let api: ApiClient;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({
      backfills: [Names],
      dashboard: { authorize: () => 'admin', actionsPerMinute: 1_000 },
    });
    api = await ApiClient.open(dashboard);
  });
  beforeEach(async () => {
    await resetLeads(dashboard.database);
    await addLeads(dashboard.database, 20);
    await dashboard.service.run();
  });
  afterAll(() => dashboard.stop());

  /** Everything that an action could change. */
  const state = async () =>
    dashboard.database
      .query(`SELECT (SELECT json_agg(b ORDER BY name) FROM nestjs_backfill.backfill AS b)::text AS backfills,
      (SELECT count(*) FROM nestjs_backfill.control) AS settings, (SELECT count(*) FROM nestjs_backfill.event) AS events,
      (SELECT count(*) FROM nestjs_backfill.range) AS ranges`);

  const malformed: Malformed[] = [
    ...EVERY_ACTION.map((action): Malformed => [
      action,
      { target: ['public'] },
      /"target".*It takes .*reason/,
    ]),
    ...['run', 'retry'].flatMap((action): Malformed[] => [
      [action, { targets: ['public'] }, /"targets".*Nothing was done/],
      [action, { targets: [] }, /"targets".*Nothing was done/],
    ]),
    ...['pause', 'resume', 'cancel'].flatMap((action): Malformed[] => [
      [action, { targets: { 0: 'public' } }, /`targets`/],
      [action, { targets: [] }, /`targets`.*leave it out/],
      [action, { targets: [null] }, /`targets`/],
      [action, { targets: [' '] }, /`targets`/],
      [action, { targets: ' , ' }, /`targets`/],
      [action, { targets: 7 }, /`targets`/],
      [action, { targets: Array.from({ length: 101 }, (_, at) => `tenant_${at}`) }, /`targets`.*100/],
    ]),
    ['set', { batchsize: 5 }, /"batchsize".*batchSize, pause, workers, maxWorkers/],
    ['set', { batchSize: 5, lockTimeout: 1 }, /"lockTimeout".*batchSize, pause, workers, maxWorkers/],
    ['set', { constructor: 5 }, /"constructor"/],
    ['set', { batchSize: { value: 5 } }, /`batchSize`/],
    ['set', { batchSize: [5] }, /`batchSize`/],
    ['set', { batchSize: true, workers: 2 }, /`batchSize`/],
    ['retry', { keys: { 0: ['7'] } }, /`keys`/],
    ['retry', { keys: true }, /`keys`/],
    ['retry', { keys: [] }, /`keys`.*leave it out/],
    ['retry', { keys: '' }, /`keys`.*leave it out/],
    ['retry', { keys: ' \n ' }, /`keys`/],
    ['retry', { keys: ['7'] }, /`keys`/],
    ['retry', { keys: [7] }, /`keys`/],
    ['retry', { keys: [[7]] }, /`keys`/],
    ['retry', { keys: [[]] }, /`keys`/],
    ['retry', { keys: [['7'], { key: '7' }] }, /`keys`/],
    ['retry', { keys: '["7"' }, /\["7".*JSON array/],
    ['retry', { keys: '["7"]\n[7]' }, /\[7\].*JSON array/],
    ['retry', { key: [['7']] }, /"key".*It takes keys, rows/],
    ['retry', { rows: 'some' }, /`rows`/],
    ['retry', { rows: 'chosen' }, /`keys`/],
    ['retry', { rows: 'chosen', keys: null }, /No row is chosen.*`keys`/],
    ['retry', { rows: 'chosen', keys: ' \n ' }, /No row is chosen.*`keys`/],
    ['retry', { rows: 'all', keys: [['7']] }, /`rows`/],
  ];

  it.each(malformed)('over the API: %s with %j', async (action, body, says) => {
    const before = await state();
    const { status, error } = await api.post('names', action, { reason: 'x', ...body });
    expect({ status, error }).toEqual({ status: 400, error: expect.stringMatching(says) as string });
    expect(await state()).toEqual(before);
  });

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['retry', { 'keys[a]': '7' }, /`keys`/],
    ['retry', { rows: 'chosen', keys: '' }, /No row is chosen/],
    ['retry', { rows: 'chosen', keys: '["7"' }, /JSON array/],
    ['set', { batchsize: '5' }, /"batchsize".*batchSize, pause/],
    ['pause', { 'targets[a]': 'public' }, /`targets`/],
    ['cancel', { tagets: 'public' }, /"tagets".*It takes targets/],
  ])('in the form: %s with %j, shown with what is filled in', async (action, fields, says) => {
    const before = await state();
    const form = `/backfills/b/names/confirm/${action}`;
    const response = await dashboard.steer(form, { reason: 'my reason', ...fields }, {});
    const page = (await response.text()).replaceAll('&#96;', '`').replaceAll('&quot;', '"');
    expect({ status: response.status, page }).toEqual({
      status: 400,
      page: expect.stringMatching(says) as string,
    });
    expect(page).toContain('value="my reason"');
    expect(await state()).toEqual(before);
  });

  it('by the button for chosen rows, of which none is chosen: the form asks for them instead of the whole quarantine', async () => {
    const list = await dashboard.text('/backfills/b/names/quarantine', {});
    const [, action = ''] = /<form method="get" action="([^"]+)"/.exec(list) ?? [];
    const hidden = [...list.matchAll(/type="hidden" name="(\w+)" value="(\w+)"/g)];
    const fields = hidden.map(([, name = '', value = '']): [string, string] => [name, value]);
    const query = new URLSearchParams(fields);
    const url = new URL(`${action}?${query.toString()}`, `${dashboard.origin}/backfills/b/names/quarantine`);
    const form = `${url.pathname}${url.search}`;
    const page = await dashboard.text(form, {});
    expect(page).toContain('No row is chosen');
    expect(page).toMatch(/type="radio"\s+name="rows"\s+value="chosen"\s+checked/);
    const before = await state();
    const sent = await dashboard.steer(form, { reason: 'x', rows: 'chosen', keys: '' }, {});
    expect(sent.status).toBe(400);
    expect(await state()).toEqual(before);
  });

  it('but what the forms send is done: empty fields change nothing, and all rows are retried if all are asked for', async () => {
    const set = await dashboard.steer(
      '/backfills/b/names/confirm/set',
      { reason: 'x', batchSize: '50', pause: '', workers: '', maxWorkers: '', targets: '' },
      {},
    );
    expect(set.status).toBe(303);
    const [own] = (await dashboard.service.status({ names: ['names'] })).backfills;
    expect(own?.settings).toMatchObject([{ setting: 'batchSize', value: '50' }]);
    expect((await api.post('names', 'set', { reason: 'x', batchSize: 'default' })).status).toBe(200);
    expect((await dashboard.service.status({ names: ['names'] })).backfills[0]?.settings).toEqual([]);
    const form = '/backfills/b/names/confirm/retry';
    expect((await dashboard.steer(form, { reason: 'x', rows: 'all', keys: ' \n' }, {})).status).toBe(303);
  });

  it('but null is a field that is left out: a client that sends each unset field keeps the settings of others', async () => {
    const unset = {
      targets: null,
      keys: null,
      batchSize: null,
      pause: null,
      workers: null,
      maxWorkers: null,
    };
    const settings = async () =>
      (await dashboard.service.status({ names: ['names'] })).backfills[0]?.settings ?? [];
    await dashboard.service.set('names', { pause: 5_000, batchSize: 50 }, { by: 'ada', why: 'x' });
    expect(
      (await api.post('names', 'set', { ...unset, reason: 'x', workers: 2, batchSize: 'default' })).status,
    ).toBe(200);
    expect(await settings()).toHaveLength(2);
    expect(await settings()).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ setting: 'pause', value: '5000' }),
        expect.objectContaining({ setting: 'workers', value: '2' }),
      ]),
    );
    for (const action of ['cancel', 'resume', 'pause', 'resume', 'retry'])
      expect(await api.post('names', action, { ...unset, reason: 'x' })).toMatchObject({ status: 200 });
  });
});
