import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { TestApplication } from '../../support/applications/application.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';
import { Stage } from '../../support/applications/stage.ts';
import { until } from '../../support/runs/until.ts';

/** The proof needs about 1.6 s to read all of them. */
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

const OPTIONS = { entities: LEAD_TABLES, backfills: [Hasty, Patient] };

describe('a proof that takes a long time', () => {
  const stage = Stage.for({
    ...OPTIONS,
    prepare: (database) =>
      database.query(`CREATE FUNCTION slow(id bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN
        IF id % 250 = 0 THEN PERFORM pg_sleep(0.02); END IF; RETURN false; END $$`),
  });
  beforeEach(async () => {
    await resetLeads(stage.database);
    await addLeads(stage.database, LEADS);
    await stage.query(`UPDATE leads SET search_name = name WHERE id > 100`);
  });

  const isSwept = async () =>
    (await stage.value(
      `SELECT coalesce(bool_and(state = 'done'), false) FROM nestjs_backfill.range WHERE name = 'hasty'`,
    )) === 'true';

  it('stops when a person pauses the backfill, and the next run completes it', async () => {
    await stage.run('hasty'); // installs the ledger
    await stage.query(`UPDATE leads SET search_name = NULL WHERE id <= 100`);
    const { service } = stage.application;
    const run = stage.run('hasty');
    await until(async () => (await stage.status('hasty')).status === 'running');
    await until(isSwept);
    await service.pause('hasty', { why: 'the noon rush' });
    expect(await run).toMatchObject({ status: 'paused', proved: false });
    expect(await stage.status('hasty')).toMatchObject({ status: 'paused' });
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
