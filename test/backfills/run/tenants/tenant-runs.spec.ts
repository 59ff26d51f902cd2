import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import { Stage } from '../../../support/applications/stage.ts';

@Backfill<Lead>({
  name: 'set',
  entity: Lead,
  where: { searchName: IsNull() },
  tenant: 'tenantId',
  lockTimeout: 500,
})
class SetSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

describe('runs of one tenant and full runs', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [SetSearchName] });
  const poison = `ALTER TABLE leads ADD CONSTRAINT no_seven CHECK (id <> 7 OR search_name IS NULL)`;
  beforeEach(async () => {
    await resetLeads(stage.database);
    await stage.query('ALTER TABLE leads DROP CONSTRAINT IF EXISTS no_seven');
    await addLeads(stage.database, 100, 2);
  });

  it('a full run waits for a row that the run of a tenant found locked, and names its blocker', async () => {
    const holder = await LockHolder.hold(stage.database, 'SELECT FROM leads WHERE id = 7 FOR UPDATE');
    expect(await stage.run('set', { tenants: ['1'] })).toMatchObject({ status: 'incomplete', skipped: 1 });
    const report = await stage.run('set');
    expect(report).toMatchObject({ status: 'incomplete', updated: 50, skipped: 1, remaining: 1 });
    expect(report.waitingFor).toContain(`pid ${holder.pid} (a report)`);
    await holder.release();
    expect(await stage.run('set')).toMatchObject({ status: 'complete', updated: 1, skipped: 0 });
    expect(await stage.status('set')).toMatchObject({ skipped: 0 });
    expect(await stage.query(`SELECT FROM nestjs_backfill.range WHERE state <> 'done'`)).toEqual([]);
  });

  it('a full run retries a row whose retry a run of its tenant left unfinished', async () => {
    await stage.query(poison);
    expect(await stage.run('set')).toMatchObject({ status: 'incomplete', quarantined: 1 });
    await stage.query('ALTER TABLE leads DROP CONSTRAINT no_seven');
    const holder = await LockHolder.hold(stage.database, 'SELECT FROM leads WHERE id = 7 FOR UPDATE');
    expect(await stage.run('set', { tenants: ['1'], retryQuarantined: true })).toMatchObject({
      status: 'incomplete',
      updated: 0,
    });
    await holder.release();
    expect(await stage.run('set', { retryQuarantined: true })).toMatchObject({
      status: 'complete',
      updated: 1,
    });
  });

  it('a tenant is proved complete after a person has deleted its quarantined row', async () => {
    await stage.query(poison);
    expect(await stage.run('set', { tenants: ['1'] })).toMatchObject({ quarantined: 1, proved: false });
    await stage.query('DELETE FROM leads WHERE id = 7');
    expect(await stage.run('set', { tenants: ['1'] })).toMatchObject({ quarantined: 0, proved: true });
  });
});
