import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Stage } from '../../support/applications/stage.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { until } from '../../support/runs/until.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';

/** They fill about 160 pages. */
const LEADS = 20_000;

@Backfill<Lead>({ name: 'search-name', entity: Lead, where: '(search_name IS NULL OR slow(id))' })
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

/** Ordered by key: its proof cannot read page by page, because another table inherits. */
@Backfill<Lead>({ name: 'search-name-by-key', entity: Lead, where: '(search_name IS NULL OR slow(id))' })
class SearchNameByKey extends SearchName {}

/**
 * One statement cannot read all rows in five seconds while `tempo` is slow. The sequence `seen` shows how far the search
 * is: each call counts 100 rows.
 */
const SLOW_READS = `
  CREATE SEQUENCE seen;
  CREATE TABLE tempo AS SELECT 0.06 AS seconds;
  CREATE FUNCTION slow(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    IF id % 100 = 0 THEN PERFORM nextval('seen'); PERFORM pg_sleep((SELECT seconds FROM tempo)); END IF;
    RETURN false;
  END $$`;

describe('a proof that takes longer than one statement may', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SearchName, SearchNameByKey],
    prepare: (database) => database.query(SLOW_READS),
  });
  beforeEach(async () => {
    await resetLeads(stage.database);
    await addLeads(stage.database, LEADS);
    await stage.query(`UPDATE leads SET search_name = name; UPDATE tempo SET seconds = 0.06`);
  });
  afterEach(() => LockHolder.releaseAll());

  const isReadingPages = async () =>
    (await stage.value(`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%ctid >= %' AND pid <> pg_backend_pid()`)) !== '0';
  const holdTable = async () => {
    const holder = await LockHolder.hold(
      stage.database,
      'LOCK leads IN ACCESS EXCLUSIVE MODE',
      'a deployment',
    );
    await stage.query('UPDATE tempo SET seconds = 0');
    return holder;
  };

  it('says for which session it waits, after it has left the table to that one', async () => {
    const recorder = new Recorder();
    const run = stage.run('search-name', { recorder });
    await until(isReadingPages);
    const holder = await holdTable();
    const lock = `a lock, held by pid ${holder.pid} (a deployment)`;
    await recorder.until(({ waits }) => waits.some(({ waitingFor }) => waitingFor.startsWith(lock)));
    await holder.release();
    expect(await run).toMatchObject({ status: 'complete', proved: true, waitingFor: null });
  });

  it('for a migration says in its log for which session it waits', async () => {
    const holder = await holdTable();
    const lines: string[] = [];
    const proof = stage.application.service.prove('search-name', { log: (line) => void lines.push(line) });
    await until(() => Promise.resolve(lines.length > 0));
    expect(lines[0]).toContain(
      `The proof of search-name waits for a lock held by pid ${holder.pid} (a deployment)`,
    );
    await holder.release();
    expect(await proof).toMatchObject({ complete: true });
  });

  it('says how many rows it has read if it reads in the order of the key', async () => {
    await stage.query('CREATE TABLE old_leads () INHERITS (leads)');
    const recorder = new Recorder();
    const run = stage.run('search-name-by-key', { recorder });
    const progress = /^the proof that no row is pending: [\d,]+ rows read$/;
    await recorder.until(({ notes }) =>
      notes.some((note) => /^Proving that no row is pending: 0 rows read\.$/.test(note)),
    );
    await until(async () => progress.test((await stage.status('search-name-by-key')).waitingFor ?? ''));
    await stage.query('UPDATE tempo SET seconds = 0');
    expect(await run).toMatchObject({ status: 'complete', proved: true, waitingFor: null });
    expect((await stage.status('search-name-by-key')).waitingFor).toBeNull();
    await stage.query('DROP TABLE old_leads');
  });
});
