import type { Type } from '@nestjs/common';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { DashboardApp } from '../support/applications/dashboard.ts';
import { addLeads, Lead } from '../support/tables/lead-tables.ts';

const BACKFILLS = 200;
const TENANTS = 20_000;
const MAX_BYTES = 150_000;

const backfills = Array.from({ length: BACKFILLS }, (_, at): Type => {
  @Backfill<Lead>({
    name: `backfill-${at}`,
    entity: Lead,
    where: { searchName: IsNull() },
    tenant: 'tenantId',
  })
  class Numbered implements SetBackfill<Lead> {
    set() {
      return { searchName: 'lower(name)' };
    }
  }
  return Numbered;
});

describe(`with ${BACKFILLS} backfills and ${TENANTS} tenants`, () => {
  let dashboard: DashboardApp;

  beforeAll(async () => {
    dashboard = await DashboardApp.start({ backfills });
    await addLeads(dashboard.database, TENANTS, TENANTS);
    await dashboard.service.run();
  });
  afterAll(() => dashboard.stop());

  it(`the first page is smaller than ${MAX_BYTES} bytes`, async () => {
    const page = await dashboard.text('/backfills/overview');
    expect(page).toContain('backfill-199');
    const bytes = Buffer.byteLength(page);
    const times: number[] = [];
    for (let at = 0; at < 5; at++) {
      // The overview is shared for a second.
      await dashboard.database.query('SELECT pg_sleep(1.05)');
      const startedAt = performance.now();
      await dashboard.text('/backfills/overview');
      times.push(Math.round(performance.now() - startedAt));
    }
    console.info(`The first page: ${bytes} bytes, in ${times.join(', ')} ms.`);
    expect(bytes).toBeLessThan(MAX_BYTES);
  });

  it('the tenants are sorted, searched and shown in parts', async () => {
    const startedAt = performance.now();
    const page = await dashboard.text(
      '/backfills/b/backfill-0/tenants?search=1999&sort=tenant&order=ascending',
    );
    console.info(`A search of tenants: ${Math.round(performance.now() - startedAt)} ms.`);
    expect(page).toContain('1 to 12 of 12');
    expect(await dashboard.text('/backfills/b/backfill-0/tenants?offset=19990')).toContain(
      '19,991 to 20,000 of 20,000',
    );
  });
});
