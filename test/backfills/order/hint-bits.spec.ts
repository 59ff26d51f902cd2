import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { FileSelection, RowSelection } from '../../../libs/backfill/src/backfills/batch/row-selection.ts';
import { inspectTable } from '../../../libs/backfill/src/backfills/batch/table.inspector.ts';
import { BackfillRegistry } from '../../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import { HintReader } from '../../../libs/backfill/src/backfills/run/range/sweep/hint-reader.ts';
import { Ledger } from '../../../libs/backfill/src/ledger/ledger.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { Stage } from '../../support/applications/stage.ts';
import { describeSince } from '../../support/server/since.ts';
import { Lead } from '../../support/tables/lead-tables.ts';

const ROWS = 20_000;

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
  let nowMs: number;
  let reader: HintReader;
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
    const ledger = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:test', leaseMs: 600_000 });
    const facts = await inspectTable(session, definition);
    const records = ledger.of(definition);
    await records.locate(session);
    const rows = new RowSelection(definition, records, facts, null);
    nowMs = 0;
    const file = { table: '"public"."leads"', tableId: '0', fileNode: '0' };
    reader = new HintReader(new FileSelection(rows, file), () => nowMs);
  });
  afterEach(() => session.close());

  const tablePages = async () => Number(await stage.value(`SELECT pg_relation_size('leads') / 8192`));

  /** The number of pages that a reader of the whole table writes to the WAL as a whole. */
  async function pagesWrittenByReader(): Promise<number> {
    await stage.query('CHECKPOINT');
    const rows = await stage.database.query(`EXPLAIN (ANALYZE, WAL, FORMAT JSON) SELECT count(*) FROM leads`);
    const [{ 'QUERY PLAN': plans }] = rows as [{ 'QUERY PLAN': [{ Plan: { 'WAL FPI'?: number } }] }];
    return plans[0].Plan['WAL FPI'] ?? 0;
  }

  /** The sweep has changed all rows and opens the windows at these pages, far enough apart. */
  async function openWindows(...at: number[]): Promise<void> {
    for (const page of at) {
      nowMs += 1_000;
      await reader.windowOpened(session, page);
    }
  }

  it('are not written to the WAL again by the next reader, because their hint bits are set', async () => {
    expect(await stage.value('SHOW data_checksums')).toBe('on');
    let written = Infinity;
    // The snapshot of an ANALYZE of another table, which begins at any time, leaves dead versions to the reader.
    for (let attempt = 1; attempt <= 5 && written > 0; attempt++) {
      await openWindows(0);
      await stage.query(UPDATE);
      await openWindows(await tablePages(), await tablePages());
      written = await pagesWrittenByReader();
    }
    expect(written).toBe(0);
  });

  it('are written once more otherwise', async () => {
    await stage.query(UPDATE);
    expect(await pagesWrittenByReader()).toBeGreaterThanOrEqual(pages);
  });

  it('are not read before the commits on them can be flushed', async () => {
    await reader.windowOpened(session, 0);
    await stage.query(UPDATE);
    nowMs += 999;
    await reader.windowOpened(session, pages);
    nowMs += 999;
    await reader.windowOpened(session, pages);
    expect(await pagesWrittenByReader()).toBeGreaterThanOrEqual(pages);
  });
});
