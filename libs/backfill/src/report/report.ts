import type { BackfillStatus } from '../ledger/status.js';
import type { BackfillKind } from './backfill-kind.js';
import type { CascadeReport } from './cascade-report.js';
import type { RunComparison } from './run-prediction.js';

/**
 * The totals of one tenant over all runs of the backfill's version. Counts are rows.
 *
 * @publicApi
 */
export interface TenantReport {
  /** Null for rows whose tenant is NULL. */
  readonly tenant: string | null;
  /** Rows changed. */
  readonly updated: number;
  /** Rows that another session had locked; they are still pending. */
  readonly skipped: number;
  /** Rows that could not be changed. */
  readonly quarantined: number;
  /** The last batch with rows of this tenant. ISO 8601, the database's clock. */
  readonly lastTouchedAt: string;
}

/**
 * The result of one backfill in one run. Counts are rows.
 *
 * @publicApi
 */
export interface BackfillReport {
  readonly name: string;
  /** Identifies the run, as the last part of `host:pid:run` in the ledger. `BackfillService` always sets it. */
  readonly run?: string;
  readonly version: number;
  /** The table, as `schema.table`; null if the database did not answer. `BackfillService` always sets it. */
  readonly target?: string | null;
  /** How the backfill changes rows. `BackfillService` always sets it. */
  readonly kind?: BackfillKind;
  readonly status: BackfillStatus;
  /** True if the status was already `complete` and no row was pending. */
  readonly nothingToDo: boolean;
  /**
   * True if a probe found no pending row at the end. In a run for some tenants: no pending row of these
   * tenants.
   */
  readonly proved: boolean;
  /**
   * The backfill was complete, and then a part of its own table was dropped, so that no probe can run any more. Nothing
   * is left to do, although `proved` is false. Absent otherwise.
   */
  readonly unprovable?: {
    /** What is gone, e.g. `the column "a" of b does not exist`. */
    readonly problem: string;
    /** When a probe last proved that no row is pending. ISO 8601, the database's clock. */
    readonly provedAt: string | null;
  };
  /** The reason for the status, as a sentence. */
  readonly reason: string;
  /** Rows changed in this run: updated, with `copy` inserted, with `purge` deleted. */
  readonly updated: number;
  /** Rows that another session had locked; they are still pending. */
  readonly skipped: number;
  /** Rows in quarantine, over all runs. */
  readonly quarantined: number;
  /** Pending rows, including those in quarantine; null if counting them takes too long. */
  readonly remaining: number | null;
  /** Batches committed in this run. */
  readonly batches: number;
  readonly durationMs: number;
  /** Rows changed per second in this run. */
  readonly rowsPerSecond: number;
  /**
   * The cause of the wait in which the run stopped, e.g. a lock and its holder, or a lease and its owner;
   * null if the run was not waiting.
   */
  readonly waitingFor: string | null;
  /** The backfill that this one depends on, and which is not complete. Absent if it waits for none. */
  readonly waitsForBackfill?: string;
  /** The query that proves completion, with its parameters inserted. It returns a row if a row is pending. */
  readonly proof: string;
  /** Milliseconds that this run's probes for a pending row took. Absent if the run has not probed. */
  readonly proofMs?: number;
  /**
   * What was predicted when the run began, and what it came to. Only for a run with `predict`, of a table of at
   * least 32 MB, that completed the backfill.
   */
  readonly comparison?: RunComparison;
  /** The foreign keys that took rows of other tables along with deleted ones. Absent if there are none. */
  readonly cascades?: readonly CascadeReport[];
  /** One entry per tenant; empty without `tenant`. */
  readonly tenants: readonly TenantReport[];
  /**
   * The tenants of a run for some tenants, which does not read rows of other tenants. Absent for other runs.
   */
  readonly onlyTenants?: readonly string[];
  /**
   * The requested tenants, or those of the canary, that have no row in the table, perhaps because of a typing
   * error. Absent if there are none.
   */
  readonly withoutRows?: readonly string[];
}

/** Whether a run has left nothing of the backfill: it is proved, or nothing is left that could be proved. */
export function isDone({ proved, unprovable }: BackfillReport): boolean {
  return proved || unprovable !== undefined;
}

export const PHASE_OUTCOMES = ['complete', 'incomplete', 'failed', 'nothing-to-do'] as const;
/**
 * The result of a phase. `incomplete`: it stopped with work left and resumes in the next run. `failed`: a
 * person has to act. `nothing-to-do`: no row was pending, and that is proved.
 *
 * @publicApi
 */
export type PhaseOutcome = (typeof PHASE_OUTCOMES)[number];

/** The order of the outcomes for `worstOf`. */
export const WORST_FIRST: readonly PhaseOutcome[] = ['failed', 'incomplete', 'complete', 'nothing-to-do'];

/** The reason of a phase that found no backfill. */
export const NO_BACKFILL_DECLARED =
  'No backfill is declared. A backfill is a class with @Backfill() that is listed in `providers` of a module, and the root module imports this module.';

/**
 * The result of the whole phase.
 *
 * @publicApi
 */
export interface BackfillPhaseReport {
  readonly phase: 'backfill';
  /** The worst outcome among the backfills. */
  readonly outcome: PhaseOutcome;
  /**
   * Why the phase did not run, e.g. because the database is unreachable or no backfill is declared. Absent
   * otherwise.
   */
  readonly reason?: string;
  readonly backfills: readonly BackfillReport[];
  /** Declared backfills that were not asked for, because the request names others. Absent if there are none. */
  readonly notRequested?: readonly string[];
}
