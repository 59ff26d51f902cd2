import type { PlanReport } from '../report/plan.js';
import type { StatusReport } from '../report/status-report.js';
import type { DeployReport, PhaseReport } from '../deploy/deploy.report.js';
import type { Phase } from '../deploy/phases.js';
import type { IndexesStatus } from '../indexes/indexes.report.js';
import type { MigrateStatus } from '../migrations/migrate.report.js';

/** The result of a one-shot run: of its only phase, or of several phases. */
export type OneShotReport = PhaseReport | DeployReport;

/** The status of one phase, or of several phases. */
export type OneShotStatus = MigrateStatus | IndexesStatus | StatusReport | DeployStatus;

/** What a run would do, for one phase or for several phases. */
export type OneShotPlan = MigrateStatus | IndexesStatus | PlanReport | DeployPlan;

/** The status of several phases. */
export interface DeployStatus {
  readonly phase: 'deploy';
  readonly migrate?: MigrateStatus;
  readonly indexes?: IndexesStatus;
  readonly backfill?: StatusReport;
}

/** What a run of several phases would do. */
export interface DeployPlan {
  readonly phase: 'deploy';
  readonly migrate?: MigrateStatus;
  readonly indexes?: IndexesStatus;
  /**
   * `reason` says why there is no plan, e.g. because a pending migration adds a column that the backfill
   * needs.
   */
  readonly backfill?: PlanReport & { readonly reason?: string };
}

/** Replaces the plan or the status when it could not be read. */
export interface FailedInspection {
  /** `deploy` for several phases. */
  readonly phase: Phase | 'deploy';
  readonly outcome: 'failed' | 'incomplete';
  readonly reason: string;
}
