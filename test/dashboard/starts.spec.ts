import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { DashboardApp } from '../support/applications/dashboard.ts';
import { until } from '../support/runs/until.ts';
import { addLeads, Lead, resetLeads } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name = 'Lead 7' THEN name::int::text ELSE lower(name) END` };
  }
}

describe('the dashboard', () => {
  let dashboard: DashboardApp;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({ backfills: [Names] });
  });
  beforeEach(async () => {
    await resetLeads(dashboard.database);
    await addLeads(dashboard.database, 20);
  });
  afterAll(() => dashboard.stop());

  it('records who runs a backfill and who retries its quarantine, and why, also for chosen rows', async () => {
    const isIdle = async () =>
      (await dashboard.service.status({ names: ['names'] })).backfills[0]?.leasedBy === null;
    const grace = { 'x-role': 'operator', 'x-actor': 'grace' };
    const start = async (action: string, fields: Record<string, string>) => {
      const codes: number[] = [];
      // The process is busy for a moment after the lease of the last run has ended.
      await until(async () => {
        await until(isIdle);
        codes.push((await dashboard.steer(`/backfills/b/names/confirm/${action}`, fields, grace)).status);
        return codes.at(-1) !== 409;
      });
      expect(codes.at(-1)).toBe(303);
    };
    await start('run', { reason: 'because <b>' });
    await until(async () => (await dashboard.text('/backfills/api/v1/overview')).includes('"updated":19,'));
    await start('retry', { reason: 'all of them' });
    await start('retry', { reason: 'only that one', keys: '7' });
    const history = await dashboard.text('/backfills/api/v1/backfills/names/history?limit=100');
    const { items } = JSON.parse(history) as { items: { what: string; reason: string; actor: string }[] };
    const asked = items.filter(({ what }) => what === 'run' || what === 'retry');
    expect(asked.map(({ what, reason, actor }) => ({ what, reason, actor }))).toEqual([
      { what: 'retry', reason: 'only that one (chosen rows: 7)', actor: 'grace' },
      { what: 'retry', reason: 'all of them', actor: 'grace' },
      { what: 'run', reason: 'because <b>', actor: 'grace' },
    ]);
    expect(await dashboard.text('/backfills/b/names/history')).toContain('because &lt;b&gt;');
  });

  it('starts no run of a paused or cancelled backfill, and says to resume it first', async () => {
    await dashboard.service.run({ names: ['names'], maxDurationMs: 0 });
    const grace = { 'x-role': 'operator', 'x-actor': 'grace hopper' };
    for (const [verb, status] of [
      ['pause', 'paused'],
      ['cancel', 'cancelled'],
    ] as const) {
      await dashboard.steer(`/backfills/b/names/confirm/${verb}`, { reason: 'x' });
      for (const action of ['run', 'retry']) {
        const form = `/backfills/b/names/confirm/${action}`;
        const hint = `It is ${status}, so no run continues it. Resume it first.`;
        expect(await dashboard.text(form)).toContain(hint);
        const response = await dashboard.steer(form, { reason: 'an older form' }, grace);
        expect(response.status).toBe(409);
        expect(await response.text()).toContain(hint);
      }
    }
    expect(await dashboard.text('/backfills/b/names/history')).not.toContain('an older form');
    expect(await dashboard.text('/backfills/b/names/confirm/pause')).toContain(
      'It is cancelled: its page does not offer this action now.',
    );
  });

  it('records the id of the request that authorize gives, beside the reason of each action', async () => {
    const own = await DashboardApp.start({
      backfills: [Names],
      dashboard: { authorize: () => ({ role: 'admin', actor: 'ada', request: ' 8f3a\n7 ' }) },
    });
    await addLeads(own.database, 2);
    await own.service.run({ maxDurationMs: 0 });
    await own.steer('/backfills/b/names/confirm/pause', { reason: 'night' });
    await own.steer('/backfills/b/names/confirm/resume', { reason: 'morning' });
    const history = await own.text('/backfills/b/names/history');
    await own.stop();
    for (const reason of ['night (request 8f3a 7)', 'morning (request 8f3a 7)'])
      expect(history).toContain(reason);
  });
});
