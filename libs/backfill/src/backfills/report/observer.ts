import type { ActiveThrottle } from '../throttle/throttle.js';
import type { BackfillReport } from './report.js';

/** How far a backfill is. */
export interface BackfillProgress {
  readonly name: string;
  /** Rows changed in this run. */
  readonly updated: number;
  readonly batches: number;
  readonly rowsPerSecond: number;
  /** Rows that were pending when the run started. */
  readonly total: number | null;
  /** Whether `total` is the planner's estimate, not a count. */
  readonly totalIsEstimate: boolean;
  /** 0 to 1; null where the total is not known. */
  readonly fraction: number | null;
  /** Milliseconds that the rest will take at this rate; null where not known. */
  readonly remainingMs: number | null;
  readonly tenant: string | null;
  /** The key that the cursor stands at. */
  readonly cursor: readonly string[] | null;
}

/** Why a run makes no progress right now. */
export interface BackfillWait {
  readonly name: string;
  readonly waitingFor: string;
  /** When it makes way for the rest of the database: which throttles hold it, and since when. */
  readonly throttles?: readonly ActiveThrottle[];
}

/**
 * Who is told what a run does. All methods are called in order and must not throw.
 */
export interface BackfillObserver {
  started?(event: {
    readonly name: string;
    readonly version: number;
    readonly reason: string;
    readonly total: number | null;
    readonly totalIsEstimate: boolean;
  }): void;
  /** After each batch. `line` is true every `progressEvery` batches. */
  progressed?(event: BackfillProgress & { readonly line: boolean }): void;
  waiting?(event: BackfillWait): void;
  /** Something a person should know, e.g. a retry and its reason. */
  noted?(event: { readonly name: string; readonly level: 'log' | 'warn'; readonly message: string }): void;
  finished?(report: BackfillReport): void;
}
