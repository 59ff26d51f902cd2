import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { until } from '../../support/runs/until.ts';
import { addLeads, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'search-name', entity: Lead, where: { searchName: IsNull() } })
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

/** A transaction that installs the ledger, as a plan does, and which is rolled back. */
const INSTALLS = `SELECT pg_advisory_xact_lock(hashtext('nestjs-backfill ledger nestjs_backfill')); CREATE SCHEMA nestjs_backfill`;

describe('before the first run, when the ledger does not exist', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SearchName],
    prepare: (database) => addLeads(database, 30),
  });
  afterEach(() => LockHolder.releaseAll());

  it('a plan waits for another plan that has installed it in its transaction', async () => {
    const other = await LockHolder.hold(stage.database, INSTALLS, 'another plan');
    const plan = stage.application.service.plan();
    await until(() => other.isWaitedFor(stage.database));
    await other.release('ROLLBACK');
    expect(await plan).toMatchObject({ plan: [{ name: 'search-name' }] });
  });

  it('plans and a run at the same time all succeed', async () => {
    const { service } = stage.application;
    const [first, second, run] = await Promise.all([service.plan(), service.plan(), service.run()]);
    for (const { plan } of [first, second]) expect(plan).toMatchObject([{ name: 'search-name' }]);
    expect(run.backfills).toMatchObject([{ status: 'complete', remaining: 0 }]);
  });
});
