import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';
import { Stage } from '../../support/applications/stage.ts';

const LEADS = 3_000;

@Backfill<Lead>({
  name: 'search-name',
  entity: Lead,
  where: 'search_name IS NULL',
  tenant: 'tenantId',
  batchSize: 20,
  pause: 0,
})
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

describe('a change that is undone after its statement', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SearchName],
    prepare: (database) =>
      database.query(`CREATE SEQUENCE tries;
        CREATE FUNCTION revert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          UPDATE leads SET search_name = NULL WHERE id = new.id; RETURN NULL; END $$;
        CREATE FUNCTION refuse_now_and_then() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF nextval('tries') % 7 = 0 THEN RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'not now'; END IF;
          RETURN NULL; END $$`),
  });
  beforeEach(async () => {
    await stage.query('DROP TRIGGER IF EXISTS spoil ON leads');
    await resetLeads(stage.database);
    await addLeads(stage.database, LEADS, 3);
  });

  it('quarantines the row if an AFTER trigger undid it', async () => {
    await stage.query(`CREATE TRIGGER spoil AFTER UPDATE ON leads FOR EACH ROW
      WHEN (new.id IN (10, 700) AND new.search_name IS NOT NULL) EXECUTE FUNCTION revert()`);
    const report = await stage.run('search-name');
    expect(report).toMatchObject({ status: 'incomplete', quarantined: 2, remaining: 2 });
    expect(report.reason).toContain('2 rows are in quarantine; nothing else is pending.');
  });

  it('is made again if its COMMIT failed, and the report counts each row once', async () => {
    await stage.query(`CREATE CONSTRAINT TRIGGER spoil AFTER UPDATE ON leads DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
      WHEN (new.id % 100 = 0) EXECUTE FUNCTION refuse_now_and_then()`);
    expect(await stage.run('search-name')).toMatchObject({
      status: 'complete',
      updated: LEADS,
      proved: true,
    });
    expect(await stage.value('SELECT sum(updated) FROM nestjs_backfill.tenant_progress')).toBe(String(LEADS));
  });
});

describe('a change that a BEFORE trigger suppresses', () => {
  const SUPPRESSED = 400;
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SearchName],
    prepare: async (database) => {
      await addLeads(database, SUPPRESSED + 100, 3);
      await database.query(`CREATE SEQUENCE attempts;
        CREATE FUNCTION suppress() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          PERFORM nextval('attempts'); RETURN NULL; END $$;
        CREATE TRIGGER protect_old BEFORE UPDATE ON leads FOR EACH ROW
          WHEN (old.id <= ${SUPPRESSED}) EXECUTE FUNCTION suppress()`);
    },
  });

  it('is tried a few times for each row, and the quarantine names the trigger', async () => {
    const report = await stage.run('search-name');
    expect(report).toMatchObject({ status: 'incomplete', updated: 100, quarantined: SUPPRESSED });
    expect(Number(await stage.value('SELECT last_value FROM attempts'))).toBeLessThan(6 * SUPPRESSED);
    expect(await stage.query('SELECT DISTINCT error FROM nestjs_backfill.quarantined_row')).toEqual([
      {
        error:
          'The row was not changed: a trigger, a rule or a policy prevents it. Triggers of the table: protect_old (BEFORE UPDATE, each row)',
      },
    ]);
  });
});
