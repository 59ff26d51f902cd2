import type { Key, LeasedRange } from '../../ledger/range.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { pipelineTimeout, type TimeoutPolicy } from '../../postgres/timeout-policy.js';

/** What came of one batch. It is committed. */
export interface BatchOutcome {
  /** Rows that were pending and that this batch held. */
  readonly selected: number;
  readonly changed: number;
  /** The last key that it held; null when it held none. */
  readonly lastKey: Key | null;
  /** The tenant of the last row. */
  readonly tenant: string | null;
}

/**
 * How a batch of a sweep takes its rows:
 * - `skip`: each is locked first, and those that somebody holds are left out, without a wait; what their change waits for then, e.g.
 *   a parent row whose foreign key is checked, it waits for no longer than a brief one
 * - `brief`: they are changed right away, which spares a pass over them; a row that somebody holds for longer than a moment
 *   ends the batch with a lock timeout, and it is to be sent again with `skip`
 */
export type LockMode = 'locking' | 'optimistic';

/**
 * Milliseconds that a batch waits for a lock while it holds rows, since others wait for those meanwhile: longer than a request of the
 * application usually holds one, and too short for anybody to notice.
 */
const BRIEF_WAIT = 15;
/** Milliseconds that such a batch takes at most: many short waits, one after the other, must not add up to a long one for others. */
const BRIEF_MOST = 40;

/** The patience of a batch with `locking: 'optimistic'`; its COMMIT, with deferred triggers, may take as long as any other's. */
export function optimisticPolicy(pace: TimeoutPolicy): TimeoutPolicy {
  return {
    ...pace,
    lockTimeout: BRIEF_WAIT,
    statementTimeout: Math.min(BRIEF_MOST, pace.statementTimeout),
    transactionTimeout: pipelineTimeout(pace),
  };
}

/**
 * The patience of a batch that holds rows, or is about to: not even for a table's lock. Whoever can wait without a row in hand does it in
 * `waitForTables`.
 */
export function lockingPolicy(pace: TimeoutPolicy): TimeoutPolicy {
  return { ...pace, lockTimeout: Math.min(BRIEF_WAIT, pace.lockTimeout) };
}

/** The cursor is where the ledger has it by the time that the batch begins: behind the batch that is sent before it. */
export const LEDGER_CURSOR = Symbol('the cursor in the ledger');

/** A stretch of a sweep: pending rows above the cursor, up to the window's end. */
export interface SweepStep {
  readonly cursor: Key | null;
  /** Inclusive. */
  readonly windowUpper: Key;
  /** Rows at most. */
  readonly limit: number;
  /** Leave out the rows in quarantine. */
  readonly excludeQuarantined: boolean;
  /** The batch's number in this run. */
  readonly number: number;
  readonly signal: AbortSignal;
  /** @default 'locking' */
  readonly lockMode?: LockMode;
  /** As many rows are expected as it may take, since there were in the batch before it. */
  readonly isDense?: boolean;
}

/** Single rows by their keys, e.g. those that were skipped. */
export interface KeyStep {
  readonly keys: readonly Key[];
  /**
   * Milliseconds to wait for the rows' locks; null: take those that are free. With a number, `keys` has one key. What the change of a
   * row that is held waits for is waited for as in a sweep.
   */
  readonly lockTimeoutMs: number | null;
  /** Move the range's cursor there along with the change; null: leave it. */
  readonly cursor: Key | null;
  readonly number: number;
  readonly signal: AbortSignal;
}

export interface KeyOutcome extends BatchOutcome {
  /** How many of the keys are still pending: held by somebody else, or not falsified. */
  readonly stillPending: number;
}

/** One of the ways to change rows. Each call is one transaction: rows, cursor and counters, all or nothing. */
export interface BatchRunner {
  sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome>;
  /** Whether `locking: 'optimistic'` is to be had. */
  readonly canBeOptimistic: boolean;
  /**
   * Sends the batch that follows the one under way, before that has come back: the server goes on without a word from
   * here. Null when that is not to be had. When the one under way fails before its COMMIT, so does this one.
   */
  pipelineSweep?(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null;
  byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome>;
  /**
   * Waits for the locks on tables that a batch takes, for as long as `lockTimeout` says and with no row in hand; then leaves them again.
   */
  waitForTables(session: Session, range: LeasedRange): Promise<void>;
  /**
   * Runs a batch in a transaction that the caller has open and will roll back, to see how long it takes; null for a kind whose code
   * could do things that no rollback undoes.
   */
  rehearse(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome | null>;
  /** The statement of one batch, for people to read; it is what `sweep` sends first. */
  preview(range: LeasedRange, step: SweepStep): Statement;
}
