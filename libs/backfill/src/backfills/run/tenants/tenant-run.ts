import type { TenantScope } from '../../../ledger/range.js';
import type { BackfillReport } from '../../../report/report.js';
import { isDatabaseLost, type RunOutcome } from '../outcome/run-outcome.js';
import type { StopSignal } from '../stop/stop-signal.js';

/** The state of one process over all parts of a run that takes the tenants in an order. */
export interface TenantRunState {
  /**
   * The maximum number of workers allowed this process to take part: it stays until the whole run is done.
   */
  isAdmitted: boolean;
  /** The ledger's status was set to `running` by a part of this run. */
  hasBegun: boolean;
}

/** One part of a run that takes the tenants in an order: the canary, a tenant, or at the end all rows. */
export interface TenantRun {
  /** Null: all rows. */
  readonly tenants: TenantScope;
  /** What the part does, as a sentence. */
  readonly title: string;
  readonly stop: StopSignal;
  /**
   * Whether ranges that other processes hold must be done before the run continues; else it takes other
   * tenants first.
   */
  readonly waitsForOthers: boolean;
  /**
   * Whether the whole run ends with this outcome. Otherwise it continues with another part, and the status
   * stays `running`.
   */
  endsRun(outcome: RunOutcome): boolean;
}

export interface TenantRunOutcome {
  /** Of a part that does not end the run: only what the part itself did. */
  readonly report: BackfillReport;
  readonly endsRun: boolean;
  /** The process that holds every remaining range; null if this process finished the part. */
  readonly holder: string | null;
}

/**
 * Whether the run cannot continue with other tenants after this outcome: the cause affects them too, or a
 * person or another process decides.
 */
export function concernsAllTenants(outcome: RunOutcome): boolean {
  if (outcome.holder !== undefined) return false;
  const concernsTenant = outcome.status === 'incomplete' || outcome.status === 'complete' || outcome.proved;
  return !concernsTenant || isDatabaseLost(outcome);
}
