import type { Key, LeasedRange } from '../../ledger/range.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { ExplainedBatch } from './explained-batch.js';
import type { LockMode } from './batch.policy.js';
import type { Region } from './order/region.js';
import type { BatchTime } from './server-clock.js';

/** The result of one committed batch. */
export interface BatchOutcome {
  /** Pending rows that the batch selected. */
  readonly selected: number;
  /**
   * Rows that the batch changed. Fewer than `selected` if a trigger or another session prevented some
   * changes.
   */
  readonly changed: number;
  /** The range's cursor after the batch, a key or a position; null if the batch did not move it. */
  readonly cursor: Key | null;
  /** The tenant of the last selected row. */
  readonly tenant: string | null;
  /**
   * The number of updates whose new version found room in the batch's region, so that it can be heap-only; null
   * if not known.
   */
  readonly samePage: number | null;
  readonly time: BatchTime;
}

/**
 * Used instead of a key: the server reads the cursor from the ledger when it executes the batch. A pipelined
 * batch thereby continues after the batch that was sent before it.
 */
export const LEDGER_CURSOR = Symbol('the cursor in the ledger');

/** Maximum numbers of rows. */
export interface StripeLimits {
  readonly firstStripe: number;
  readonly others: number;
}

/** One step of a sweep: the next pending rows above the cursor, up to the end of the window. */
export interface SweepStep {
  /** A key, or in page order a position. */
  readonly cursor: Key | null;
  /** The end of the window, inclusive. */
  readonly windowUpper: Key;
  /** How the batch passes the pages of the window; null in key order. */
  readonly region: Region | null;
  /** Maximum number of rows. */
  readonly limit: number;
  /**
   * `limit` in the first of several stripes and elsewhere, for a runner that `followsRows`. @default `limit`
   */
  readonly limits?: StripeLimits;
  /** Leave out the rows in quarantine. */
  readonly excludeQuarantined: boolean;
  /** The batch's number in this run, from 1. */
  readonly number: number;
  readonly signal: AbortSignal;
  /** @default 'locking' */
  readonly lockMode?: LockMode;
  /** The previous batch was full, so this batch is expected to be full too. @default false */
  readonly isDense?: boolean;
  /**
   * In page order, the number of pages whose rows an optimistic batch changes without selecting them first. They
   * are expected to have at most `limit` rows in its stripe; with more than `mostRows`, the batch fails with
   * `OVER_LIMIT` and changes nothing. Null: the batch selects `limit` rows. @default null
   */
  readonly pages?: number | null;
  /** The number of rows that a batch of `pages` may change. @default `limit` */
  readonly mostRows?: number;
}

/** Single rows by their keys, e.g. rows that the sweep skipped. */
export interface KeyStep {
  readonly keys: readonly Key[];
  /**
   * Milliseconds to wait for the row lock; `keys` then has one key. Null: skip rows that are locked. For
   * other locks that the change needs, the batch waits no longer than in a sweep.
   */
  readonly lockTimeoutMs: number | null;
  /** The key to which the batch moves the range's cursor; null if the cursor does not move. */
  readonly cursor: Key | null;
  /** The batch's number in this run, from 1. */
  readonly number: number;
  readonly signal: AbortSignal;
}

export interface KeyOutcome extends BatchOutcome {
  /**
   * The number of keys whose rows are still pending, because another session has locked them or the change
   * did not make the predicate false.
   */
  readonly stillPending: number;
}

/**
 * Changes the rows of one backfill. Each call is one transaction: rows, cursor and counters commit together
 * or not at all.
 */
export interface BatchRunner {
  /** Maximum number of batches that may be sent before the first one returns. */
  readonly maxInFlight: number;
  /** Whether `lockMode: 'optimistic'` is possible. */
  readonly canBeOptimistic: boolean;
  /** Whether an optimistic batch can change rows without selecting them first (`SweepStep.pages`). */
  readonly canBeUnselected: boolean;
  /**
   * Whether a pipelined batch begins where the rows of the previous one have ended, not at the cursor of its step.
   * @default false
   */
  readonly followsRows?: boolean;
  sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome>;
  /**
   * Sends the next batch before the server has answered the batch in flight (pipeline mode), so that the
   * server does not wait for a round trip. If the batch in flight fails before its COMMIT, this batch fails
   * too. Returns null if pipelining is not possible.
   */
  pipelineSweep?(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null;
  byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome>;
  /**
   * Waits up to `lockTimeout` for the table locks that a batch takes, then releases them. It holds no row
   * locks.
   */
  waitForTables(session: Session, range: LeasedRange): Promise<void>;
  /**
   * Runs a batch to measure it. The caller opens the transaction and rolls it back. Returns null for a kind
   * whose code may have effects that a rollback does not undo.
   *
   * @param maxMs the longest time for which its statement may hold row locks, in milliseconds. It fails with a
   * statement timeout after that
   */
  rehearse(
    session: Session,
    range: LeasedRange,
    step: SweepStep,
    maxMs: number,
  ): Promise<BatchOutcome | null>;
  /**
   * Measures a batch like `rehearse`, with its WAL. Absent for a kind whose code may have effects that a rollback
   * does not undo.
   */
  explain?(session: Session, range: LeasedRange, step: SweepStep, maxMs: number): Promise<ExplainedBatch>;
  /** The first statement that `sweep` sends, as the plan shows it. */
  preview(range: LeasedRange, step: SweepStep): Statement;
}
