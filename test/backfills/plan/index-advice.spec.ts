import { Backfill, type SetBackfill } from 'nestjs-backfill';
import type { BackfillPlan } from 'nestjs-backfill/reports';
import { IsNull } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { addLeads, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('the advice of a plan on indexes', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [Names],
    prepare: (database) => addLeads(database, 1_000),
  });

  const planned = async () => {
    const { plan } = await stage.application.service.plan();
    return plan[0] as BackfillPlan;
  };

  beforeEach(async () => {
    await stage.query('UPDATE leads SET search_name = NULL');
    // Of dead heap-only versions, PostgreSQL would use a new index only after all transactions that run now.
    await stage.query('VACUUM (ANALYZE) leads');
  });

  it('does not ask for an index while most rows are pending', async () => {
    expect(await planned()).toMatchObject({ index: null, indexPays: false, tableRows: 1_000, warnings: [] });
  });

  it('asks for an index where few of many rows are pending', async () => {
    await stage.query("UPDATE leads SET search_name = '' WHERE id > 10");
    await stage.query('ANALYZE leads');
    expect(await planned()).toMatchObject({
      index: null,
      indexPays: true,
      warnings: [expect.stringMatching(/^Few of many rows are pending, and no index finds them/)],
    });
  });

  it('says that an index of the pending rows prevents heap-only updates, while most rows are pending', async () => {
    await stage.query('CREATE INDEX leads_pending ON leads (id) WHERE search_name IS NULL');
    expect(await planned()).toMatchObject({
      index: 'leads_pending',
      warnings: [expect.stringMatching(/"leads_pending".*no update is heap-only.*build: 'after'/)],
    });
    await stage.query("UPDATE leads SET search_name = '' WHERE id > 10");
    await stage.query('ANALYZE leads');
    expect(await planned()).toMatchObject({ index: 'leads_pending', indexPays: true, warnings: [] });
    await stage.query('DROP INDEX leads_pending');
  });

  it('says nothing of indexes once the backfill is complete, and names what seals it', async () => {
    await stage.run('names');
    expect(await planned()).toMatchObject({
      status: 'complete',
      pending: 0,
      sealedBy: null,
      warnings: [],
      sql: '',
    });
    await stage.query("UPDATE nestjs_backfill.backfill SET sealed_by = 'NOT NULL of search_name'");
    expect(await planned()).toMatchObject({ sealedBy: 'NOT NULL of search_name', warnings: [] });
  });
});
