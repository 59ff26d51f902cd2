import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { boundAt } from '../../../libs/backfill/src/backfills/batch/order/region.ts';
import { FileSelection, RowSelection } from '../../../libs/backfill/src/backfills/batch/row-selection.ts';
import { inspectTable } from '../../../libs/backfill/src/backfills/batch/table.inspector.ts';
import { BackfillRegistry } from '../../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import { HintReader } from '../../../libs/backfill/src/backfills/run/range/sweep/hint-reader.ts';
import { installLedger } from '../../../libs/backfill/src/ledger/ledger.installer.ts';
import { Ledger } from '../../../libs/backfill/src/ledger/ledger.ts';
import type { LeasedRange } from '../../../libs/backfill/src/ledger/range.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { Stage } from '../../support/applications/stage.ts';
import { untilNoneWrites } from '../../support/runs/until.ts';
import { describeSince } from '../../support/server/since.ts';
import { Lead } from '../../support/tables/lead-tables.ts';

const ROWS = 20_000;
const FILE = { table: '"public"."leads"', tableId: '0', fileNode: '0' };

/** A commit that is not flushed leaves no hint bits, whatever the server's setting. */
const UPDATE = `SET LOCAL synchronous_commit = on; UPDATE leads SET search_name = 'ada'`;

@Backfill<Lead>({ name: 'set', entity: Lead, where: { searchName: IsNull() }, order: 'page' })
class SetSearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

// PostgreSQL before version 14 has no sweep in page order.
describeSince(14)('the pages that a sweep has changed', () => {
  const stage = Stage.for({ entities: [Lead], backfills: [SetSearchName] });
  let session: Session;
  let reader: HintReader;
  let range: LeasedRange;
  let pages: number;

  beforeEach(async () => {
    await stage.query(`TRUNCATE leads`);
    await stage.query(`INSERT INTO leads (name) SELECT 'Ada' FROM generate_series(1, ${ROWS})`);
    await stage.query('VACUUM leads');
    await stage.query('ALTER TABLE leads SET (autovacuum_enabled = false)');
    pages = await tablePages();
    const [definition] = stage.application.context.get(BackfillRegistry).definitions;
    if (!definition) throw new TypeError('no backfill is declared');
    session = await Session.open(definition.dataSource);
    await installLedger(session, 'nestjs_backfill');
    const records = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:test', leaseMs: 600_000 }).of(
      definition,
    );
    await records.locate(session);
    await records.status.open(session, 'set');
    await records.ranges.planSweep(session, null, [{ lower: null, upper: boundAt(pages), file: FILE }]);
    range = (await records.leases.lease(session, null, { maxWorkers: 1, leaseScope: null })) as LeasedRange;
    const facts = await inspectTable(session, definition);
    reader = new HintReader(new FileSelection(new RowSelection(definition, records, facts, null), FILE));
  });
  afterEach(async () => {
    await session.close();
    await stage.query('DROP SCHEMA nestjs_backfill CASCADE');
  });

  const tablePages = async () => Number(await stage.value(`SELECT pg_relation_size('leads') / 8192`));

  /** The number of pages that a reader of the whole table writes to the WAL as a whole. */
  async function pagesWrittenByReader(): Promise<number> {
    await stage.query('CHECKPOINT');
    const rows = await stage.database.query(`EXPLAIN (ANALYZE, WAL, FORMAT JSON) SELECT count(*) FROM leads`);
    const [{ 'QUERY PLAN': plans }] = rows as [{ 'QUERY PLAN': [{ Plan: { 'WAL FPI'?: number } }] }];
    return plans[0].Plan['WAL FPI'] ?? 0;
  }

  /** All rows are changed, then their window is closed. */
  async function changeAll(window: { isSearched: boolean }): Promise<void> {
    await reader.windowClosed(session, null);
    await stage.query(UPDATE);
    await reader.windowClosed(session, { fromPage: 0, toPage: pages, ...window });
  }

  it('are not written to the WAL again by the next reader, because their hint bits are set', async () => {
    expect(await stage.value('SHOW data_checksums')).toBe('on');
    let written = Infinity;
    // The snapshot of an ANALYZE of another table, which begins at any time, leaves dead versions to the reader.
    for (let attempt = 1; attempt <= 10 && written > 0; attempt++) {
      await untilNoneWrites(stage.database);
      await changeAll({ isSearched: false });
      written = await pagesWrittenByReader();
    }
    expect(written).toBe(0);
  });

  it('are written once more otherwise', async () => {
    await stage.query(UPDATE);
    expect(await pagesWrittenByReader()).toBeGreaterThanOrEqual(pages);
  });

  it('are not read a second time if closing the window has read them, but the rows at the end of the file are', async () => {
    await changeAll({ isSearched: true });
    const written = await pagesWrittenByReader();
    expect(written).toBeGreaterThanOrEqual(pages);
    expect(written).toBeLessThan((await tablePages()) - pages / 2);
  });

  it('have only flushed commits before the window is closed, although no batch waits for its own', async () => {
    for (let attempt = 1; attempt <= 20; attempt++) {
      await session.transaction([
        { text: 'SET LOCAL synchronous_commit = off' },
        { text: `UPDATE leads SET search_name = 'a${attempt}' WHERE id = 1` },
      ]);
      const written = await stage.value('SELECT pg_current_wal_insert_lsn()');
      await reader.flushCommits(session, range);
      expect(await stage.value(`SELECT pg_current_wal_flush_lsn() >= '${String(written)}'`)).toBe('true');
    }
  });
});
