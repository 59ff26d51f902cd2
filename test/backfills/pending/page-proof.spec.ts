import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { RowSelection } from '../../../libs/backfill/src/backfills/batch/row-selection.ts';
import { inspectTable } from '../../../libs/backfill/src/backfills/batch/table.inspector.ts';
import { BackfillRegistry } from '../../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import {
  findPendingByPages,
  type PageProofOptions,
} from '../../../libs/backfill/src/backfills/pending/page-proof.ts';
import { TOO_SLOW } from '../../../libs/backfill/src/backfills/pending/too-slow.ts';
import { Ledger } from '../../../libs/backfill/src/ledger/ledger.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';
import { Stage } from '../../support/applications/stage.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { until } from '../../support/runs/until.ts';

/** They fill about 160 pages. */
const LEADS = 20_000;
/** The id of a row on one of the last pages. */
const MOVED = 19_000;

/** The proof reads the table in parts, because one statement may not take as long as all of them need. */
@Backfill<Lead>({
  name: 'search-name',
  entity: Lead,
  where: '(search_name IS NULL OR slow(id))',
  lockTimeout: 150,
  statementTimeout: 400,
})
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

/** The proof needs about 3 s. The sequence `seen` shows how far it is: each call counts 100 rows. */
const SLOW_READS = `
  CREATE SEQUENCE seen;
  CREATE FUNCTION slow(id bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
    IF id % 100 = 0 THEN PERFORM nextval('seen'); PERFORM pg_sleep(0.015); END IF;
    RETURN false;
  END $$`;

describe('a proof of a table that is too large for one statement', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SearchName],
    prepare: (database) => database.query(SLOW_READS),
  });

  beforeEach(async () => {
    await resetLeads(stage.database);
    await addLeads(stage.database, LEADS);
    await stage.query(`UPDATE leads SET search_name = name`);
    await stage.query(`SELECT setval('seen', 1)`);
  });

  const hasReadFirstPages = async () =>
    Number(await stage.value('SELECT last_value FROM seen')) > 60 &&
    (await stage.value(`SELECT count(*) FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%ctid >= %' AND pid <> pg_backend_pid()`)) !== '0';

  it('finds a row that another session moves behind it while it is pending', async () => {
    await stage.query(`UPDATE leads SET search_name = NULL WHERE id = ${MOVED}`);
    await stage.query(`DELETE FROM leads WHERE id <= 200`);
    // The deleted rows' pages are the only ones with room for a new version of the row.
    await stage.query(`VACUUM FULL leads`);
    await stage.query(`DELETE FROM leads WHERE id <= 400`);
    await stage.query(`VACUUM leads`);
    const proof = stage.application.service.prove('search-name');
    await until(hasReadFirstPages);
    const before = await stage.value(`SELECT ctid::text FROM leads WHERE id = ${MOVED}`);
    // Its last page has some room too, so that the first versions go there.
    await until(async () => {
      await stage.query(`UPDATE leads SET last_call_direction = repeat('x', 500) WHERE id = ${MOVED}`);
      return page(await stage.value(`SELECT ctid::text FROM leads WHERE id = ${MOVED}`)) < 10;
    });
    expect(page(before)).toBeGreaterThan(100);
    expect(await proof).toMatchObject({ complete: false });
  });

  const select = async () => {
    const [definition] = stage.application.context.get(BackfillRegistry).definitions;
    if (!definition) throw new TypeError('no backfill is declared');
    const ledger = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:test', leaseMs: 600_000 });
    const session = await Session.open(definition.dataSource);
    const facts = await inspectTable(session, definition);
    const records = ledger.of(definition);
    await records.locate(session);
    return { session, selection: new RowSelection(definition, records, facts, null) };
  };
  const searchPages = async (options: Pick<PageProofOptions, 'canContinue' | 'maxSnapshotMs'>) => {
    const { session, selection } = await select();
    try {
      return await findPendingByPages(session, selection, options);
    } finally {
      await session.close();
    }
  };

  it('leaves no open transaction in the pool if its run fails meanwhile', async () => {
    const canContinue = () => Promise.reject(new Error('the database was lost'));
    await expect(searchPages({ canContinue })).rejects.toThrow('was lost');
    expect(
      await stage.value(`SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'`),
    ).toBe('0');
  });

  it('does not begin again after it has held its snapshot for the longest time', async () => {
    let windows = 0;
    const canContinue = async () => ++windows > 0;
    expect(await searchPages({ canContinue, maxSnapshotMs: 0 })).toBe(TOO_SLOW);
    expect(windows).toBe(1);
  });

  it('leaves it to its caller to wait for a lock, instead of giving up reading page by page', async () => {
    const { session, selection } = await select();
    const holder = await LockHolder.hold(stage.database, 'LOCK leads IN ACCESS EXCLUSIVE MODE');
    try {
      const search = findPendingByPages(session, selection, { canContinue: () => Promise.resolve(true) });
      await expect(search).rejects.toThrow('lock timeout');
    } finally {
      await holder.release();
      await session.close();
    }
  });

  it('says in the log and in the status how far it is', async () => {
    const recorder = new Recorder();
    const run = stage.run('search-name', { recorder });
    await recorder.until(({ notes }) =>
      notes.some((note) => note.startsWith('Proving that no row is pending')),
    );
    const progress = /^the proof that no row is pending: 0 of \d+ pages read$/;
    await until(async () => progress.test((await stage.status('search-name')).waitingFor ?? ''));
    expect(await run).toMatchObject({ status: 'complete', proved: true, waitingFor: null });
    expect((await stage.status('search-name')).waitingFor).toBeNull();
  });

  it('of a required backfill says how far it is, and ends at a signal', async () => {
    const { service } = stage.application;
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    expect(await service.prove('search-name', { log })).toMatchObject({ complete: true });
    expect(lines).toEqual([
      expect.stringMatching(/^search-name: Proving that no row is pending: 0 of \d+ pages read\.$/),
    ]);
    const stop = new AbortController();
    const stopped = service.prove('search-name', { signal: stop.signal, log: () => stop.abort('SIGTERM') });
    expect(await stopped).toMatchObject({ complete: false, problem: 'it was stopped by SIGTERM' });
  });

  it('does not make an ALTER TABLE wait until its end', async () => {
    const proof = stage.application.service.prove('search-name');
    let isProving = true;
    const end = proof.finally(() => (isProving = false));
    await until(hasReadFirstPages);
    await stage.query(`ALTER TABLE leads ALTER COLUMN last_call_direction SET DEFAULT 'inbound'`);
    expect(isProving).toBe(true);
    expect(await end).toMatchObject({ complete: true });
  });
});

function page(ctid: string | null): number {
  return Number(/^\((\d+),/.exec(ctid ?? '')?.[1]);
}
