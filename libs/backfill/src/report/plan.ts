import type { BackfillStatus } from '../ledger/status.js';
import type { BackfillKind } from './backfill-kind.js';

/**
 * What a run would do to one backfill. Making the plan changes nothing.
 *
 * @publicApi
 */
export interface BackfillPlan {
  readonly name: string;
  readonly version: number;
  readonly kind: BackfillKind;
  /** Quoted and qualified. */
  readonly table: string;
  readonly status: BackfillStatus;
  /** Pending rows; null if neither a count nor an estimate is available. */
  readonly pending: number | null;
  /** True if `pending` is the planner's estimate instead of a count. */
  readonly pendingIsEstimate: boolean;
  /** Rows. */
  readonly batchSize: number;
  /** Expected number of batches; null if `pending` is null. */
  readonly batches: number | null;
  /** The statement of one batch, with `$1` … as parameters. Empty if the table has no rows. */
  readonly sql: string;
  /** The values of the parameters, in text format. */
  readonly parameters: readonly (string | null)[];
  /** PostgreSQL's plan of that statement, one line per element. */
  readonly explain: readonly string[];
  /** The index that serves the pending predicate; null if none does. */
  readonly index: string | null;
  /** Triggers that fire for a row or a statement, as `name (timing event)`. */
  readonly triggers: readonly string[];
  /**
   * Rows per second of one batch that was executed and rolled back; null if no row was pending or it was not
   * executed.
   */
  readonly measuredRowsPerSecond: number | null;
  /** Milliseconds that the backfill takes at the measured rate, pauses included; null if not known. */
  readonly estimatedMs: number | null;
  /** Things to check before the run, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * What a run would do.
 *
 * @publicApi
 */
export interface PlanReport {
  readonly phase: 'backfill';
  readonly plan: readonly BackfillPlan[];
}
