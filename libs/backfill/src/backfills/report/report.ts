import type { BackfillStatus } from '../../ledger/status.js';
import type { BackfillKind } from '../declare/kinds.js';

/** What one tenant has had done to it, over all runs of the backfill's version. */
export interface TenantReport {
  readonly tenant: string | null;
  readonly updated: number;
  /** Rows that somebody else held and that are still to be done. */
  readonly skipped: number;
  readonly quarantined: number;
  /** ISO 8601, the database's clock. */
  readonly lastTouchedAt: string;
}

/** What came of one backfill in one run. Counts are rows. */
export interface BackfillReport {
  readonly name: string;
  readonly version: number;
  /** What it does to a row. `BackfillService` always tells it. */
  readonly kind?: BackfillKind;
  readonly status: BackfillStatus;
  /** True when the ledger said complete and the probe agreed: nothing was done. */
  readonly nothingToDo: boolean;
  /** Whether all that this run was asked for is done and proved; of a run for some tenants, their rows. */
  readonly proved: boolean;
  /** Why it stands where it stands, in a sentence. */
  readonly reason: string;
  /** Rows changed in this run: updated, with `copy` inserted, with `purge` deleted. */
  readonly updated: number;
  /** Rows that somebody else held and that are still to be done. */
  readonly skipped: number;
  readonly quarantined: number;
  /** Pending rows that are left, the quarantined ones included; null where counting them would take too long. */
  readonly remaining: number | null;
  readonly batches: number;
  readonly durationMs: number;
  readonly rowsPerSecond: number;
  /** What the run waited for when it stopped: a lock and who holds it, a lease and who has it; else null. */
  readonly waitingFor: string | null;
  /** The query that proves completion, with its parameters written in: it finds a row as long as one is pending. */
  readonly proof: string;
  /** With `tenant` declared; else empty. */
  readonly tenants: readonly TenantReport[];
  /** Set by a run for some tenants: nothing of the others was looked at. */
  readonly onlyTenants?: readonly string[];
  /** Those of the tenants asked for, or of the canary, that no row of the table has: they may be misspelt. Left out where there are none. */
  readonly withoutRows?: readonly string[];
}

export const PHASE_OUTCOMES = ['complete', 'incomplete', 'failed', 'nothing-to-do'] as const;
/** What came of a phase: done, stopped with work left, in need of a person, or nothing to do and proved so. */
export type PhaseOutcome = (typeof PHASE_OUTCOMES)[number];

/** For `worstOf`. */
export const WORST_FIRST: readonly PhaseOutcome[] = ['failed', 'incomplete', 'complete', 'nothing-to-do'];

/** What came of the whole phase. */
export interface BackfillPhaseReport {
  readonly phase: 'backfill';
  readonly outcome: PhaseOutcome;
  /** Set when the phase could not run at all, e.g. because the database could not be reached. */
  readonly reason?: string;
  readonly backfills: readonly BackfillReport[];
}
