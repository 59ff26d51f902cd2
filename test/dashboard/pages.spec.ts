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

  it('puts a backfill that waits for a person above those that do not, whatever the order of the dependencies', async () => {
    await dashboard.service.pause('directions', { by: 'ada' });
    await until(async () =>
      /<tr data-backfill="directions" data-status="paused"[^]*<tr data-backfill="names"/.test(
        await dashboard.text('/backfills/overview'),
      ),
    );
  });

  it('shows one backfill: reason, quarantine by error with keys, tenants, history and declaration', async () => {
    await dashboard.service.run();
    const page = await dashboard.text('/backfills/b/names');
    expect(page).toContain('incomplete');
    expect(page).toMatch(/22012<\/td><td[^>]*>division by zero<\/td><td[^>]*>7</);
    expect(page).toMatch(/pending → running/);
    expect(page).toContain('search_name');
    expect(page).toMatch(/All of them: 4</);
    const tenants = await dashboard.text('/backfills/b/names/tenants?search=3&sort=tenant&order=ascending');
    expect(tenants).toContain('1 to 1 of 1');
    expect(await dashboard.text('/backfills/b/names/history')).toMatch(
      /pending → running<\/td><td[^>]*>First run/,
    );
  });

  it('lists the rounds of catch-up, and hints that a backfill that was complete long ago can be removed', async () => {
    await dashboard.service.run({ names: ['directions'] });
    await dashboard.database
      .query(`INSERT INTO nestjs_backfill.catch_up_round (job, process, started_at, inspected, ran, updated, failed, problem)
      VALUES ('nightly', 'crm:7', now() - interval '65 seconds', 12, 2, 3456, 1, 'names: <b>boom</b>')`);
    let page = '';
    await until(async () => (page = await dashboard.text('/backfills/overview')).includes('Catch-up rounds'));
    expect(page).toMatch(/nightly[^]*1 min[^]*12[^]*2[^]*3,456[^]*names: &lt;b&gt;boom&lt;\/b&gt;[^]*crm:7/);
    await dashboard.database.query(`UPDATE leads SET name = 'Lead seven' WHERE name = 'Lead 7'`);
    await dashboard.service.run({ names: ['names'] });
    const hint = /complete for more than 30 days/;
    await until(async () => (await dashboard.text('/backfills/b/names')).includes('data-status="complete"'));
    expect(await dashboard.text('/backfills/b/names')).not.toMatch(hint);
    await dashboard.database.query(
      `UPDATE nestjs_backfill.backfill SET completed_at = now() - interval '31 days'`,
    );
    await until(async () => hint.test(await dashboard.text('/backfills/b/names')));
  });

  it('makes a plan with its SQL, and changes no row', async () => {
    const page = await dashboard.rehearse('/backfills/b/names/plan');
    expect(page).toContain('UPDATE');
    expect(await dashboard.database.query('SELECT 1 FROM leads WHERE search_name IS NOT NULL')).toEqual([]);
  });

  it('shows a row that cannot be changed with its error, beside the change of the others', async () => {
    await dashboard.database.query(
      `ALTER TABLE leads ADD CONSTRAINT not_second CHECK (id <> 2 OR search_name IS NULL)`,
    );
    const page = await dashboard.rehearse('/backfills/b/names/rows');
    await dashboard.database.query('ALTER TABLE leads DROP CONSTRAINT not_second');
    expect(page).toMatch(
      />2<\/th>\s*<td>search_name<\/td>[^]*?class="failed"[^]*?Cannot be changed[^]*?not_second/,
    );
    expect(page).toMatch(/>3<\/th>\s*<td>search_name<\/td>[^]*?<code>lead 3<\/code>/);
  });

  it('offers a retry of the quarantine only if there are rows in it', async () => {
    expect(await dashboard.text('/backfills/b/names')).not.toContain('confirm/retry');
  });

  it('shows ten rows before and after their change, changes no row, and leads there from the plan', async () => {
    await dashboard.database.query(
      `UPDATE leads SET name = CASE id WHEN 1 THEN '<b>Lead 1</b>' ELSE 'Lead seven' END WHERE id IN (1, 7)`,
    );
    const link = /href="([^"]+\/rows)"/.exec(await dashboard.rehearse('/backfills/b/names/plan'))?.[1];
    expect(link).toBeDefined();
    const page = await dashboard.rehearse('/backfills/b/names/rows');
    expect(page.match(/<th scope="rowgroup"/g)).toHaveLength(10);
    expect(page).toMatch(/>1<\/th>\s*<td>search_name<\/td>\s*<td><small>NULL<\/small><\/td>/);
    expect(page).toContain('<code>&lt;b&gt;lead 1&lt;/b&gt;</code>');
    expect(await dashboard.database.query('SELECT 1 FROM leads WHERE search_name IS NOT NULL')).toEqual([]);
  });

  it('shows each setting in force, and of those that a person has set the declared value, the person and the reason', async () => {
    await dashboard.service.set('names', { batchSize: 321 }, { by: 'ada', why: 'night' });
    const page = await dashboard.text('/backfills/b/names');
    expect(page).toMatch(
      /batchSize<\/td><td[^>]*><strong>321<\/strong><\/td><td[^>]*>200<\/td><td[^>]*>ada [^]*?night</,
    );
    expect(page).toMatch(/lockTimeout<\/td><td[^>]*>60000 ms<\/td><td[^>]*><\/td>/);
  });

  it('shows the value in force beside each field of the form of the pace, also after a mistake', async () => {
    await dashboard.service.set('names', { batchSize: 321 }, { by: 'ada', why: 'night' });
    const form = '/backfills/b/names/confirm/set';
    const wrong = await dashboard.steer(form, { reason: 'x', workers: 'many' });
    for (const page of [await dashboard.text(form), await wrong.text()]) {
      expect(page).toMatch(
        /id="batchSize-hint"[^]*?Now:\s*<strong>321<\/strong\s*>\s*\(set by ada; declared: 200\)/,
      );
      expect(page).toMatch(/id="pause-hint"[^]*?Now:\s*<strong>0 ms<\/strong\s*>\s*</);
      expect(page).toMatch(/id="workers-hint"[^]*?Now:\s*<strong>1<\/strong\s*>/);
      expect(page).toMatch(/id="maxWorkers-hint"[^]*?Now:\s*<strong>\w/);
      expect(page).not.toMatch(/undefined|null/);
    }
  });

  it('retries the rows of the quarantine that a person has chosen, and no others', async () => {
    const name = (id: number, text: string) =>
      dashboard.database.query('UPDATE leads SET name = $2 WHERE id = $1', [id, text]);
    await name(3, 'Lead 7');
    await name(5, 'Lead 7');
    await dashboard.service.run({ names: ['names'] });
    await Promise.all([3, 5, 7].map((id) => name(id, 'Lead seven')));
    const list = await dashboard.text('/backfills/b/names/quarantine');
    const boxes = [...list.matchAll(/type="checkbox"\s+name="key"\s+value="(\w+)"/g)].map(([, key]) => key);
    expect(boxes.sort()).toEqual(['3', '5', '7']);
    expect(await dashboard.text('/backfills/b/names/quarantine', { 'x-role': 'viewer' })).not.toContain(
      'checkbox',
    );
    const form = '/backfills/b/names/confirm/retry?rows=chosen&key=3&key=5';
    expect(await dashboard.text(form)).toMatch(/<textarea[^>]*>\s*3\n5<\/textarea/);
    const wrong = await dashboard.steer(form, { reason: 'fixed', keys: '3\n4' });
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).toMatch(/1 of these rows is not in quarantine[^]*3\n4<\/textarea/);
    expect((await dashboard.steer(form, { reason: 'fixed', keys: '["3"' })).status).toBe(400);
    expect((await dashboard.steer(form, { reason: 'fixed', keys: '["3","4"]' })).status).toBe(422);
    expect((await dashboard.steer(form, { reason: 'fixed', keys: '3\r\n["5"]' })).status).toBe(303);
    await until(
      async () =>
        (await dashboard.database.query('SELECT 1 FROM leads WHERE id IN (3, 5) AND search_name IS NOT NULL'))
          .length === 2,
    );
    await until(
      async () => (await dashboard.service.status({ names: ['names'] })).backfills[0]?.leasedBy === null,
    );
    expect(await dashboard.database.query('SELECT id::text FROM leads WHERE search_name IS NULL')).toEqual([
      { id: '7' },
    ]);
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

  it('confirms an action to the person that sent it, and to nobody who opens such a link', async () => {
    const page = await dashboard.get('/backfills/b/names/confirm/pause');
    const cookie = (page.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    const [, csrf = ''] = /name="csrf" value="([^"]+)"/.exec(await page.text()) ?? [];
    const headers = { 'x-role': 'admin', cookie };
    const body = new URLSearchParams({ csrf, reason: 'month end' });
    const url = `${dashboard.origin}/backfills/b/names/pause`;
    const sent = await fetch(url, { method: 'POST', redirect: 'manual', headers, body });
    const { pathname, search } = new URL(sent.headers.get('location') ?? '', url);
    const link = `${pathname}${search}`;
    const done = '<p class="done" role="status">The backfill is paused.</p>';
    expect(await dashboard.text(link, headers)).toContain(done);
    const others = [link, link.replace('done=pause', 'done=cancel'), link.replace(/&proof=.*/, '')];
    for (const [at, other] of [...others, `${pathname}?done=pause&proof=${csrf}`].entries()) {
      const text = await dashboard.text(other, at === 0 ? { 'x-role': 'admin' } : headers);
      expect(text).toContain('</html>');
      expect({ other, says: text.includes('class="done"') }).toEqual({ other, says: false });
    }
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
