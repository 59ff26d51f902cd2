import { Backfill, type SetBackfill } from 'nestjs-backfill';
import type { DashboardOptions } from 'nestjs-backfill-dashboard';
import { IsNull } from 'typeorm';
import { DashboardApp } from '../../support/applications/dashboard.ts';
import { addLeads, Lead } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

/** Answers with a role only, so that every visitor has the name of the address. */
const roleOnly: NonNullable<DashboardOptions['authorize']> = (context) => {
  const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined> }>();
  const role = headers['x-role'];
  return role === 'viewer' || role === 'operator' || role === 'admin' ? role : null;
};

describe('the limit of actions, where many visitors share an address and have no names', () => {
  let dashboard: DashboardApp;

  beforeEach(async () => {
    dashboard = await DashboardApp.start({ backfills: [Names], dashboard: { authorize: roleOnly } });
    await addLeads(dashboard.database, 1);
  });
  afterEach(() => dashboard.stop());

  const admin = { 'x-role': 'admin' };
  it.each<[string, Record<string, string>]>([
    ['without a role', {}],
    ['as viewers', { 'x-role': 'viewer' }],
    ['by pages of other sites, with the cookies of the admin', { ...admin, 'sec-fetch-site': 'cross-site' }],
  ])('is not used up for an admin by requests %s, which have a limit of their own', async (_, headers) => {
    const codes: number[] = [];
    for (let at = 0; at < 21; at++) {
      const body = new URLSearchParams({ reason: 'x' });
      const path = `${dashboard.origin}/backfills/b/names/pause`;
      codes.push((await fetch(path, { method: 'POST', body, headers, redirect: 'manual' })).status);
    }
    expect(codes).toEqual([...Array<number>(20).fill(403), 429]);
    expect((await dashboard.steer('/backfills/b/names/plan', {}, admin)).status).toBe(200);
    const paused = await dashboard.steer('/backfills/b/names/confirm/pause', { reason: 'x' }, admin);
    expect(paused.status).toBe(303);
  });
});
