import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';
import { Stage } from '../../support/applications/stage.ts';

class SetSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

@Backfill<Lead>({
  name: 'cast',
  entity: Lead,
  where: 'search_name IS NULL AND tenant_id::int >= 0',
  batchSize: 10,
})
class Cast extends SetSearchName {}

@Backfill<Lead>({
  name: 'costly',
  entity: Lead,
  where: 'search_name IS NULL AND is_due(id)',
  batchSize: 10,
  statementTimeout: 250,
})
class Costly extends SetSearchName {}

describe('a run whose predicate is hard to evaluate', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [Cast, Costly],
    prepare: async (database) => {
      await database.query(`CREATE FUNCTION is_due(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_sleep(0.001); RETURN id > 390; END $$`);
      // A value that a user writes during the run.
      await database.query(`CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE leads SET tenant_id = 'abc' WHERE id = 295; RETURN NULL; END $$`);
    },
  });
  beforeEach(() => resetLeads(stage.database));

  it('fails with the reason when the predicate cannot be evaluated on a row', async () => {
    await addLeads(stage.database, 300, 3);
    await stage.query(
      'CREATE TRIGGER spoil AFTER UPDATE ON leads FOR EACH ROW WHEN (new.id = 100) EXECUTE FUNCTION spoil()',
    );
    const report = await stage.run('cast');
    await stage.query('DROP TRIGGER spoil ON leads');
    expect(report.status).toBe('failed');
    expect(report.reason).toContain(
      'its pending predicate fails on a row: invalid input syntax for type integer: "abc"',
    );
    await stage.query(`UPDATE leads SET tenant_id = '1' WHERE id = 295`);
    expect(await stage.run('cast')).toMatchObject({ status: 'complete', proved: true });
  });

  it('evaluates a slow predicate on fewer rows at a time, and completes', async () => {
    await addLeads(stage.database, 400);
    expect(await stage.run('costly')).toMatchObject({ status: 'complete', updated: 10, proved: true });
  });
});
