import type { TenantScope } from '../../../ledger/range.js';
import type { BackfillReport } from '../../../report/report.js';
import { isDatabaseLost, type RunOutcome } from '../outcome/run-outcome.js';
import type { StopSignal } from '../stop/stop-signal.js';

/** The state that one process keeps over all parts of a run in tenant order. */
export interface TenantRunState {
  /**
   * The maximum number of workers has allowed this process to take part. The process stays until the whole
   * run ends.
   */
  isAdmitted: boolean;
  /** Whether a part of this run has set the ledger's status to `running`. */
  isRecordedAsRunning: boolean;
}

/** One part of a run in tenant order: the canary, one tenant, or finally all rows. */
export interface TenantRun {
  /** Null: all rows. */
  readonly tenants: TenantScope;
  /** A sentence that names the tenants of the part. */
  readonly title: string;
  readonly stop: StopSignal;
  /**
   * Whether the part waits until other processes have finished their ranges. Otherwise the run continues with
   * other tenants.
   */
  readonly waitsForOthers: boolean;
  /**
   * Whether the whole run ends with this outcome. Otherwise it continues with another part, and the status
   * stays `running`.
   */
  endsRun(outcome: RunOutcome): boolean;
}

export interface TenantRunOutcome {
  /** If the part does not end the run, it contains only the counts of this part. */
  readonly report: BackfillReport;
  readonly endsRun: boolean;
  /** One of the processes that hold every remaining range; null if this process finished the part. */
  readonly holder: string | null;
}

/**
 * Whether this outcome of one tenant ends the whole run: its cause affects the other tenants too, or a person
 * or another process has decided it.
 */
export function concernsAllTenants(outcome: RunOutcome): boolean {
  if (outcome.holder !== undefined) return false;
  const concernsTenant = outcome.status === 'incomplete' || outcome.status === 'complete' || outcome.proved;
  return !concernsTenant || isDatabaseLost(outcome);
}
