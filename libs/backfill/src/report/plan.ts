import type { BackfillStatus } from '../ledger/status.js';
import type { CascadeReport } from './cascade-report.js';
import type { BackfillKind } from './backfill-kind.js';
import type { RunPrediction, WayCost } from './run-prediction.js';

/**
 * The expected effect of a run on one backfill. Making the plan changes no rows.
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
  /** Rows of the table by PostgreSQL's statistics, pending or not; null if it was never analyzed. */
  readonly tableRows: number | null;
  /** The constraint or migration that excludes pending rows; null: the backfill is not sealed. */
  readonly sealedBy: string | null;
  /** Rows per batch at the start of the run. */
  readonly batchSize: number;
  /** Expected number of batches; null if `pending` is null. */
  readonly batches: number | null;
  /**
   * The statement of one batch, with `$1` … as parameters. Empty if the table has no rows, and for a complete
   * backfill without a pending row.
   */
  readonly sql: string;
  /** The values of the parameters, in text format. */
  readonly parameters: readonly (string | null)[];
  /** PostgreSQL's plan of that statement, one line per element. */
  readonly explain: readonly string[];
  /** The index with which PostgreSQL finds the pending rows; null if there is none. */
  readonly index: string | null;
  /**
   * Whether such an index pays: few of many rows are pending. Otherwise the sweep and the proof read the
   * pending rows in any case. Null if not known.
   */
  readonly indexPays: boolean | null;
  /** Triggers that fire for a row or a statement, as `name (timing event)`. */
  readonly triggers: readonly string[];
  /** `purge`: the foreign keys that delete or change rows of other tables. */
  readonly cascades: readonly CascadeReport[];
  /**
   * Rows per second of one batch that was executed and rolled back; null if no row was pending or it was not
   * executed.
   */
  readonly measuredRowsPerSecond: number | null;
  /** Milliseconds that the run takes as predicted, pauses included; null if not known. */
  readonly estimatedMs: number | null;
  /** What the run costs as it is declared; null if no batch could be rehearsed, or for `copy`, `purge` and `process`. */
  readonly prediction: RunPrediction | null;
  /** The ways to change the pending rows, the cheapest first. The last one is one UPDATE. Empty without a prediction. */
  readonly ways: readonly WayCost[];
  /** Problems to check before the run, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * The plans of all requested backfills.
 *
 * @publicApi
 */
export interface PlanReport {
  readonly phase: 'backfill';
  readonly plan: readonly BackfillPlan[];
  /** Backfills without a plan. Absent if there are none. */
  readonly unplanned?: readonly UnplannedBackfill[];
}

/**
 * A backfill that cannot be planned now, e.g. because a pending migration adds a column that it needs, or because a
 * later migration has dropped one.
 *
 * @publicApi
 */
export interface UnplannedBackfill {
  readonly name: string;
  readonly reason: string;
  /** Whether it is complete by its last proof, and only what it reads or writes was dropped since: no work is left. */
  readonly complete?: true;
}
