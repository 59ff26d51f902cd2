import type { BackfillKind } from '../declare/kinds.js';
import type { BackfillStatus } from '../../ledger/status.js';

/** What a run would do to one backfill. Nothing was changed to find it out. */
export interface BackfillPlan {
  readonly name: string;
  readonly version: number;
  readonly kind: BackfillKind;
  readonly table: string;
  readonly status: BackfillStatus;
  /** Rows that are pending; null where neither a count nor an estimate is to be had. */
  readonly pending: number | null;
  readonly pendingIsEstimate: boolean;
  readonly batchSize: number;
  readonly batches: number | null;
  /** The statement of one batch as it would be sent, with `$n` parameters. */
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
  /** PostgreSQL's plan of that statement, one line an element. */
  readonly explain: readonly string[];
  /** The index that serves the pending predicate; null when none does. */
  readonly index: string | null;
  /** Triggers that will fire for each row or statement, as `name (timing event)`. */
  readonly triggers: readonly string[];
  /** Rows/s of one batch that was run and rolled back; null when no row was pending or it could not be run. */
  readonly measuredRowsPerSecond: number | null;
  /** Milliseconds that the whole would take at the measured rate, pauses included. */
  readonly estimatedMs: number | null;
  /** What to look at before running it, each a sentence. */
  readonly warnings: readonly string[];
}

/** What a run would do. */
export interface PlanReport {
  readonly phase: 'backfill';
  readonly plan: readonly BackfillPlan[];
}
