import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { TestApplication } from '../../support/applications/application.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';
import { Stage } from '../../support/applications/stage.ts';
import { until } from '../../support/runs/until.ts';

/** The proof of `patient` needs about 1.6 s to read all of them. */
const LEADS = 20_000;

class SetName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

const options = { entity: Lead, where: '(search_name IS NULL OR slow(id))' } as const;

/** Its statement timeout is too short to read all rows in one statement. */
@Backfill<Lead>({ ...options, name: 'hasty', statementTimeout: 400 })
class Hasty extends SetName {}

@Backfill<Lead>({ ...options, name: 'patient' })
class Patient extends SetName {}

/** The proof of `hasty` takes minutes while the backfill is running. All other statements are fast. */
const SLOW_WHILE_PROVING = `
  CREATE OR REPLACE FUNCTION slow(id bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN
    IF id % 2 = 0
      AND EXISTS (SELECT FROM nestjs_backfill.backfill WHERE name = 'hasty' AND status = 'running')
      AND (SELECT bool_and(state = 'done') FROM nestjs_backfill.range WHERE name = 'hasty')
      AND NOT EXISTS (SELECT FROM leads WHERE leads.id <= 100 AND search_name IS NULL)
    THEN PERFORM pg_sleep(0.02); END IF;
    RETURN false;
  END $$`;

const SLOW_READS = `
  CREATE OR REPLACE FUNCTION slow(id bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN
    IF id % 250 = 0 THEN PERFORM pg_sleep(0.02); END IF;
    RETURN false;
  END $$`;

const OPTIONS = { entities: LEAD_TABLES, backfills: [Hasty, Patient] };

describe('a proof that takes a long time', () => {
  const stage = Stage.for({
    ...OPTIONS,
    prepare: (database) => database.query(SLOW_READS),
  });
  beforeEach(async () => {
    await stage.query(SLOW_READS);
    await resetLeads(stage.database);
    await addLeads(stage.database, LEADS);
    await stage.query(`UPDATE leads SET search_name = name WHERE id > 100`);
  });

  const isProving = async () =>
    (await stage.value(`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`)) !== '0';

  it('stops when a person pauses the backfill, and the next run completes it', async () => {
    await stage.run('hasty'); // installs the ledger
    await stage.query(`UPDATE leads SET search_name = NULL WHERE id <= 100`);
    await stage.query(SLOW_WHILE_PROVING);
    const { service } = stage.application;
    const run = stage.run('hasty');
    await until(isProving);
    await service.pause('hasty', { why: 'the noon rush' });
    expect(await run).toMatchObject({ status: 'paused', proved: false });
    expect(await stage.status('hasty')).toMatchObject({ status: 'paused' });
    await stage.query(SLOW_READS);
    await service.resume('hasty');
    expect(await stage.run('hasty')).toMatchObject({ status: 'complete', proved: true });
  });

  it("is not ended by the pool's query_timeout", async () => {
    const url = new URL(stage.database.url);
    url.searchParams.set('query_timeout', '1000');
    const application = await TestApplication.start({ ...OPTIONS, database: stage.database.at(url.href) });
    const { backfills } = await application.service.run({ names: ['patient'] });
    await application.stop();
    expect(backfills).toMatchObject([{ status: 'complete', proved: true, updated: 100 }]);
  });
});
