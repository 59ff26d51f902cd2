import type { ActiveThrottle } from './active-throttle.js';
import type { BackfillReport } from './report.js';

/**
 * The progress of one backfill in this run.
 *
 * @publicApi
 */
export interface BackfillProgress {
  readonly name: string;
  /** Identifies the run, as the last part of `host:pid:run` in the ledger. `BackfillService` always sets it. */
  readonly run?: string;
  /** The id of the range of the last batch. `BackfillService` always sets it. */
  readonly range?: string;
  /** Rows changed in this run. */
  readonly updated: number;
  /** Batches committed in this run: the number of the last batch. */
  readonly batches: number;
  /** Rows changed per second in this run. */
  readonly rowsPerSecond: number;
  /** The number of pending rows at the start of the run; null if not known. */
  readonly total: number | null;
  /** True if `total` is the planner's estimate instead of a count. */
  readonly totalIsEstimate: boolean;
  /** The completed share of `total`, from 0 to 1; null if the total is not known. */
  readonly fraction: number | null;
  /** Estimated milliseconds for the remaining rows at the current rate; null if not known. */
  readonly remainingMs: number | null;
  /** The tenant of the last row of the batch; null without `tenant`. */
  readonly tenant: string | null;
  /** The server's time for the last batch in milliseconds, without the pause after it. `BackfillService` always sets it. */
  readonly batchMs?: number;
  /** The key that the sweep has reached, one text per key column; null before the first row. */
  readonly cursor: readonly string[] | null;
}

/**
 * The reason that a run makes no progress now.
 *
 * @publicApi
 */
export interface BackfillWait {
  readonly name: string;
  /** As in `BackfillProgress`. */
  readonly run?: string;
  /** The number of the next batch. `BackfillService` always sets it. */
  readonly batch?: number;
  /** E.g. a lock and the session that holds it, or a throttle with its value and limit. */
  readonly waitingFor: string;
  /** The throttles that make the run wait; absent for any other wait. */
  readonly throttles?: readonly ActiveThrottle[];
}

/**
 * Receives the events of a run, in order. Every method is optional and called synchronously. Errors that a
 * method throws are ignored.
 *
 * @publicApi
 */
export interface BackfillObserver {
  /** `total` and `totalIsEstimate` are as in `BackfillProgress`; `reason` is the reason for the run. */
  started?(event: {
    readonly name: string;
    /** As in `BackfillProgress`. */
    readonly run?: string;
    readonly version: number;
    readonly reason: string;
    readonly total: number | null;
    readonly totalIsEstimate: boolean;
  }): void;
  /** After each batch. `line` is true for every `progressEvery`-th batch, for logs. */
  progressed?(event: BackfillProgress & { readonly line: boolean }): void;
  waiting?(event: BackfillWait): void;
  /** A row cannot be changed, and is in quarantine now. `key` is its key as text. `run`, `batch`: as in `BackfillWait` */
  quarantined?(event: {
    readonly name: string;
    readonly run?: string;
    readonly batch?: number;
    readonly key: string;
    readonly error: string;
  }): void;
  /** A message for people, e.g. a retry and its reason. `run`, `batch`: as in `BackfillWait` */
  noted?(event: {
    readonly name: string;
    readonly run?: string;
    readonly batch?: number;
    readonly level: 'log' | 'warn';
    readonly message: string;
  }): void;
  /** A worker has taken a range, or has left it: `done`, or the reason why it is not. */
  ranged?(event: {
    readonly name: string;
    readonly run?: string;
    readonly range: string;
    readonly purpose: 'sweep' | 'retry';
    readonly state: 'taken' | 'left';
    /** Null while the worker has it. */
    readonly outcome: string | null;
  }): void;
  finished?(report: BackfillReport): void;
}
