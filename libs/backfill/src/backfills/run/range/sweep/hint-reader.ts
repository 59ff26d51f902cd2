import { startCtid } from '../../../../ledger/pages/page-position.js';
import { number } from '../../../../postgres/decoders.js';
import { Parameters } from '../../../../postgres/parameters.js';
import type { Session } from '../../../../postgres/session.js';
import { applyBatchPolicy } from '../../../../postgres/timeout-policy.js';
import type { FileSelection } from '../../../batch/row-selection.js';
import { ROW } from '../../../definition/definition.js';

/**
 * With `synchronous_commit` off, a reader can set hint bits only after the WAL writer has flushed the commit: at
 * the latest after three times `wal_writer_delay`, 0.6 s by default (PostgreSQL manual, "Asynchronous Commit").
 */
const FLUSHED_MS = 1_000;
/** 64 MB with PostgreSQL's usual page size. Pages that were swept longer ago have left the shared buffers. */
const MAX_PAGES = 8_192;
/** In milliseconds. Short, because the read is optional. */
const TIMEOUTS = { lockTimeout: 50, statementTimeout: 2_000, idleInTransactionTimeout: 5_000 };

/** How far the sweep and the file were at one time. */
interface Mark {
  /** Every page below it is swept. */
  readonly page: number;
  /** The length of the file in pages. The rows of first stripes move to its end. */
  readonly length: number;
  readonly atMs: number;
}

/**
 * Reads the swept pages once more, as soon as their transactions are flushed, so that PostgreSQL sets the hint
 * bits of the new row versions while the pages are in memory and not yet written. Otherwise a later reader, such
 * as the proof, would set them: it would dirty every page again and, with data checksums, write each to the WAL as
 * a whole (PostgreSQL manual, `wal_log_hints`).
 */
export class HintReader {
  readonly #selection: FileSelection;
  readonly #now: () => number;
  #marks: Mark[] = [];
  /** Up to here the hint bits are set. */
  #done: Mark | null = null;

  /** @param now the clock, in milliseconds */
  constructor(selection: FileSelection, now = () => performance.now()) {
    this.#selection = selection;
    this.#now = now;
  }

  /** @param page every page of the range below it is swept */
  async windowOpened(session: Session, page: number): Promise<void> {
    const now = this.#now();
    const flushed = this.#marks.filter(({ atMs }) => now - atMs >= FLUSHED_MS).at(-1);
    // If the table or the connection is not available, the next batch reports it.
    const length = await this.#read(session, this.#done, flushed ?? null).catch(() => null);
    if (length === null) return;
    const mark = { page, length, atMs: now };
    this.#done = flushed ?? this.#done ?? mark;
    this.#marks = [...this.#marks.filter(({ atMs }) => now - atMs < FLUSHED_MS), mark];
  }

  /** @returns the length of the file now, in pages */
  async #read(session: Session, from: Mark | null, to: Mark | null): Promise<number> {
    const { table, name: backfill, pace } = this.#selection.definition;
    const policy = applyBatchPolicy({ ...pace, ...TIMEOUTS }, 'off', backfill);
    const parameters = new Parameters();
    const name = parameters.add(table, 'text');
    const counts =
      from && to
        ? [this.#count(parameters, from.page, to.page), this.#count(parameters, from.length, to.length)]
        : [];
    const length = `(pg_catalog.pg_relation_size(${name}::regclass) / pg_catalog.current_setting('block_size')::bigint)::text`;
    const result = await session.query(policy, {
      text: `SELECT ${[length, ...counts].join(', ')}`,
      values: parameters.values,
    });
    return result.value(number);
  }

  /** Any read of a row sets its hint bits. */
  #count(parameters: Parameters, from: number, to: number): string {
    const start = parameters.add(startCtid(Math.max(from, to - MAX_PAGES)), 'tid');
    const end = parameters.add(startCtid(to), 'tid');
    return `(SELECT pg_catalog.count(*) FROM ${this.#selection.from} WHERE ${ROW}.ctid > ${start} AND ${ROW}.ctid < ${end})`;
  }
}
