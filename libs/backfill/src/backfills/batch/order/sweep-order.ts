import type { Key, LeasedRange } from '../../../ledger/range.js';
import type { Parameters } from '../../../postgres/parameters.js';
import type { LEDGER_CURSOR, SweepStep } from '../batch.js';

/** Where a batch starts: at a key or position, at the beginning of the table (null), or as the ledger says. */
export type SweepCursor = Key | null | typeof LEDGER_CURSOR;

/** The SQL with which a batch of a sweep selects its rows. */
export interface OrderedRows {
  /** CTEs that the conditions refer to. */
  readonly ctes: readonly string[];
  /** The row is above the cursor. */
  readonly aboveCursor: string;
  readonly isPending: string;
  /** The row is above the cursor, not behind the last row that the batch may read, and pending. */
  readonly condition: string;
  readonly orderBy: string;
  /** The placeholder of the maximum number of rows. */
  readonly limit: string;
  /** Select list that identifies a row version. */
  readonly identity: string;
  /**
   * The body of the CTE `nb_last`, over the rows in `nb_selected`; null if the order has no position apart
   * from the key of the last row.
   */
  readonly nextCursor: string | null;
  /** For a batch that does not select its rows first (see `SweepStep.pages`); null for any other batch. */
  readonly unselected: UnselectedRows | null;
}

/** The rows of a batch that changes whole pages of its stripe. */
export interface UnselectedRows {
  /** The row is in the pages and the stripe of the batch, and pending. */
  readonly condition: string;
  /** The body of the CTE `nb_last`, over the numbers in `nb_counted` and the rows in `nb_changed`. */
  readonly nextCursor: string;
}

/** The order in which a sweep reads the rows of its range. */
export interface SweepOrder {
  /** The SQL condition that a row is in the range after one bound and up to another. */
  isBetween(after: Key | null, upTo: Key | null, parameters: Parameters): string;
  rows(range: LeasedRange, step: SweepStep, cursor: SweepCursor, parameters: Parameters): OrderedRows;
  /**
   * SQL expression for the end of a window.
   *
   * @param size of the window in keys or pages
   * @param upper the placeholder of the range's upper bound
   */
  windowEnd(range: LeasedRange, size: number, upper: string, parameters: Parameters): string;
  /** Where the sweep continues after a batch whose rows this process knows. */
  continuation(step: SweepStep, rows: readonly SelectedRow[]): Continuation;
}

/** A row that a batch has selected. */
export interface SelectedRow {
  readonly key: Key;
  readonly ctid: string;
}

export interface Continuation {
  /** The next cursor; null if no row was selected at the beginning of the table. */
  readonly cursor: Key | null;
  /** No row of the window is left above the cursor. */
  readonly isWindowDone: boolean;
}

/** The WITH clause of a statement that consists of the selected rows alone. */
export function withClause({ ctes }: OrderedRows): string {
  return ctes.length > 0 ? `WITH ${ctes.join(', ')} ` : '';
}
