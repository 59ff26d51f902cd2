import type { Key, LeasedRange } from '../../ledger/range.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { LockMode } from './batch.policy.js';

/** The result of one committed batch. */
export interface BatchOutcome {
  /** Pending rows that the batch selected. */
  readonly selected: number;
  /** Rows that it changed; fewer than `selected` where a trigger or another session interfered. */
  readonly changed: number;
  /** The key of the last selected row; null when no row was selected. */
  readonly lastKey: Key | null;
  /** The tenant of the last selected row. */
  readonly tenant: string | null;
}

/**
 * The sweep continues from the cursor that the ledger holds when the batch starts, i.e. after the batch sent
 * before it.
 */
export const LEDGER_CURSOR = Symbol('the cursor in the ledger');

/** One step of a sweep: the next pending rows above the cursor, up to the end of the window. */
export interface SweepStep {
  readonly cursor: Key | null;
  /** Inclusive. */
  readonly windowUpper: Key;
  /** Maximum number of rows. */
  readonly limit: number;
  /** Leave out the rows in quarantine. */
  readonly excludeQuarantined: boolean;
  /** The batch's number in this run, from 1. */
  readonly number: number;
  readonly signal: AbortSignal;
  /** @default 'locking' */
  readonly lockMode?: LockMode;
  /** The batch before it was full, so this one is expected to be full too. @default false */
  readonly isDense?: boolean;
}

/** Single rows by their keys, e.g. rows that the sweep skipped. */
export interface KeyStep {
  readonly keys: readonly Key[];
  /**
   * Milliseconds to wait for the lock of the row; `keys` then has one key. Null: take only the rows that are
   * not locked. It covers the row itself. For other locks that the change needs, a batch waits no longer than
   * in a sweep.
   */
  readonly lockTimeoutMs: number | null;
  /** The range's cursor moves here together with the change; null: it does not move. */
  readonly cursor: Key | null;
  /** The batch's number in this run, from 1. */
  readonly number: number;
  readonly signal: AbortSignal;
}

export interface KeyOutcome extends BatchOutcome {
  /**
   * Keys whose rows are still pending: another session holds them, or the change did not make the predicate
   * false.
   */
  readonly stillPending: number;
}

/**
 * Changes the rows of one backfill. Each call is one transaction: rows, cursor and counters commit together
 * or not at all.
 */
export interface BatchRunner {
  /** Whether `lockMode: 'optimistic'` is possible. */
  readonly canBeOptimistic: boolean;
  sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome>;
  /**
   * Sends the next batch before the batch in flight has returned, so that the server does not wait for a
   * round trip. When the batch in flight fails before its COMMIT, this one fails too. Null when pipelining is
   * not possible.
   */
  pipelineSweep?(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null;
  byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome>;
  /**
   * Waits up to `lockTimeout` for the table locks that a batch takes, holds no row meanwhile, and releases
   * them.
   */
  waitForTables(session: Session, range: LeasedRange): Promise<void>;
  /**
   * Runs a batch inside a transaction that the caller has opened and rolls back, to measure it. Null for a
   * kind whose code may have effects that a rollback does not undo.
   */
  rehearse(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome | null>;
  /** The first statement that `sweep` sends, for people to read. */
  preview(range: LeasedRange, step: SweepStep): Statement;
}
