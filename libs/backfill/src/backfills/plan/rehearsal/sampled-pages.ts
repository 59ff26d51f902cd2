import { pageOf, rowOf } from '../../../ledger/pages/page-position.js';
import { boolean, number, text } from '../../../postgres/decoders.js';
import type { Session } from '../../../postgres/session.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { ROW } from '../../definition/definition.js';
import { sampledShare } from '../../pending/page-sample.js';
import { queryWithin, TOO_SLOW } from '../../pending/too-slow.js';

/** A quarter of the pages of other samples, because every row is returned. */
const SHARE = 0.25;
const SAMPLE_MS = 2_000;

export interface SampledRow {
  /** The number of its line pointer on the page, from 1. */
  readonly at: number;
  /** Length of the tuple in bytes, with its header. */
  readonly bytes: number;
  readonly isPending: boolean;
}

/** A page of the table, with the rows that are visible on it. */
export interface SampledPage {
  /** OID of the table or partition, as text. */
  readonly tableId: string;
  readonly page: number;
  readonly rows: readonly SampledRow[];
}

/**
 * Reads the rows of some random pages, without a lock.
 *
 * @param rowBytes the length of each row if it shall not be measured, because values are stored out of line
 * @returns the pages in their order; empty if the sample takes too long
 */
export async function samplePages(
  session: Session,
  selection: RowSelection,
  rowBytes: number | null,
): Promise<SampledPage[]> {
  const share = await sampledShare(session, selection);
  const parameters = selection.parameters();
  const percent = parameters.add(share === 1 ? 100 : share * SHARE * 100, 'real');
  const bytes = rowBytes === null ? `pg_catalog.pg_column_size(${ROW})` : parameters.add(rowBytes, 'int');
  const result = await queryWithin(SAMPLE_MS, session, selection, {
    text: `SELECT ${ROW}.tableoid::text, ${ROW}.ctid::text, ${bytes}::text, ((${selection.isPending(parameters)}) IS TRUE)::text
      FROM ${selection.from} TABLESAMPLE SYSTEM (${percent})`,
    values: parameters.values,
  });
  if (result === TOO_SLOW) return [];
  const pages = new Map<string, { tableId: string; page: number; rows: SampledRow[] }>();
  for (const row of result.all({ tableId: text, ctid: text, bytes: number, isPending: boolean })) {
    const page = pageOf(row.ctid);
    const key = `${row.tableId}/${page}`;
    const found = pages.get(key) ?? { tableId: row.tableId, page, rows: [] };
    pages.set(key, found);
    found.rows.push({ at: rowOf(row.ctid), bytes: row.bytes, isPending: row.isPending });
  }
  return [...pages.values()].sort((a, b) => a.page - b.page);
}
