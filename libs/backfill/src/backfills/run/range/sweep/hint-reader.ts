import type { LeasedRange } from '../../../../ledger/range.js';
import { number } from '../../../../postgres/decoders.js';
import { Parameters } from '../../../../postgres/parameters.js';
import type { Session } from '../../../../postgres/session.js';
import { applyBatchPolicy, COMMIT_LOCALLY } from '../../../../postgres/timeout-policy.js';
import type { FileSelection } from '../../../batch/row-selection.js';
import { boundAt, pageOfBound } from '../../../batch/order/region.js';
import { ROW } from '../../../definition/definition.js';

/** 64 MB with PostgreSQL's usual page size. Pages that were written longer ago have left the shared buffers. */
const MAX_PAGES = 8_192;
/** In milliseconds. Short, because the read is optional. */
const TIMEOUTS = { lockTimeout: 50, statementTimeout: 2_000, idleInTransactionTimeout: 5_000 };

/** The pages of a window that was closed. */
export interface ClosedWindow {
  readonly fromPage: number;
  readonly toPage: number;
  /** Whether closing the window has read its pages. */
  readonly isSearched: boolean;
}

/** @returns null before the first window */
export function closedWindow(
  { windowLower, windowUpper }: LeasedRange,
  { isSearched }: Pick<ClosedWindow, 'isSearched'>,
): ClosedWindow | null {
  if (windowUpper === null) return null;
  return { fromPage: pageOfBound(windowLower ?? boundAt(0)), toPage: pageOfBound(windowUpper), isSearched };
}

/**
 * Lets PostgreSQL set the hint bits of the new row versions while their pages are in memory and not yet written.
 * Otherwise a later reader, such as the proof, would set them: it would dirty every page again and, with data
 * checksums, write each to the WAL as a whole (PostgreSQL manual, `wal_log_hints`).
 *
 * Any read of a row sets its hint bits, if the commit of its transaction is flushed. So the commits are flushed
 * before a window is closed, because closing it reads its pages anyway. The rows of first stripes have moved to the
 * end of the file, which is read here.
 */
export class HintReader {
  readonly #selection: FileSelection;
  /** The length of the file in pages up to which its end was read; null before the first window. */
  #length: number | null = null;

  constructor(selection: FileSelection) {
    this.#selection = selection;
  }

  /**
   * Flushes the commits of the range's batches. A batch with `synchronous_commit` off does not wait for that, and
   * the WAL writer does it up to 0.6 s later (PostgreSQL manual, "Asynchronous Commit"). Waits for no standby.
   *
   * @throws an error of the class `lease-lost`
   */
  async flushCommits(session: Session, range: LeasedRange): Promise<void> {
    if (this.#selection.definition.pace.synchronousCommit === 'on') return;
    // A transaction that writes nothing is not flushed.
    const write = this.#selection.ledger.ranges.moveCursor(range, null);
    await session.transaction([write, COMMIT_LOCALLY]);
  }

  /** @param window null before the first window */
  async windowClosed(session: Session, window: ClosedWindow | null): Promise<void> {
    // If the table or the connection is not available, the next batch reports it.
    this.#length = await this.#read(session, window).catch(() => this.#length);
  }

  /** @returns the length of the file now, in pages */
  async #read(session: Session, window: ClosedWindow | null): Promise<number> {
    const { table, name: backfill, pace } = this.#selection.definition;
    const parameters = new Parameters();
    const size = `pg_catalog.pg_relation_size(${parameters.add(table, 'text')}::regclass)`;
    const ends = [
      ...(window && !window.isSearched ? [[window.fromPage, window.toPage] as const] : []),
      ...(this.#length === null ? [] : [[this.#length, null] as const]),
    ];
    const counts = ends.map(([from, to]) => this.#count(parameters, from, to));
    const result = await session.query(applyBatchPolicy({ ...pace, ...TIMEOUTS }, 'off', backfill), {
      text: `WITH nb_file AS MATERIALIZED (
          SELECT ${size} / pg_catalog.current_setting('block_size'::text)::bigint AS nb_length
        ) SELECT ${['nb_length::text', ...counts].join(', ')} FROM nb_file`,
      values: parameters.values,
    });
    return result.value(number);
  }

  /** @param to the first page that is not read; null: the end of the file */
  #count(parameters: Parameters, from: number, to: number | null): string {
    const end = to === null ? '(SELECT nb_length FROM nb_file)' : parameters.add(to, 'bigint');
    const start = `(SELECT pg_catalog.format('(%s,0)'::text, greatest(${parameters.add(from, 'bigint')}, nb_end - ${MAX_PAGES}))::tid FROM nb_pages)`;
    return `(WITH nb_pages AS MATERIALIZED (SELECT ${end} AS nb_end)
        SELECT pg_catalog.count(*) FROM ${this.#selection.from}
        WHERE ${ROW}.ctid > ${start} AND ${ROW}.ctid < (SELECT pg_catalog.format('(%s,0)'::text, nb_end)::tid FROM nb_pages))`;
  }
}
