import type { PlanReport } from '../backfills/report/plan.js';
import type { BackfillPhaseReport, PhaseOutcome } from '../backfills/report/report.js';
import type { StatusReport } from '../backfills/report/status-report.js';
import type { IndexesReport, IndexesStatus } from '../indexes/indexes.report.js';
import type { MigrateReport, MigrateStatus } from '../migrations/migrate.report.js';
import type { Phase } from './phases.js';

/** Something that a deployment left for the next one, or for a person. */
export interface LeftWork {
  readonly phase: Phase;
  /** A migration, an index or a backfill; null for the whole phase. */
  readonly name: string | null;
  /** In a sentence. */
  readonly why: string;
}

/** What came of the phases of one deployment. */
export interface DeployReport {
  readonly phase: 'deploy';
  /** The worst of its phases'. Whether the deployment must stop is told by `migrate` alone. */
  readonly outcome: PhaseOutcome;
  /** Set when it could not run at all, e.g. because of wrong arguments. */
  readonly reason?: string;
  readonly left: readonly LeftWork[];
  /** Missing when it was not asked for; so are the others, also when a failed migration kept them from running. */
  readonly migrate?: MigrateReport;
  readonly indexes?: IndexesReport;
  readonly backfill?: BackfillPhaseReport;
}

/** What came of a one-shot run: of the one phase that it was asked for, or of several. */
export type OneShotReport = MigrateReport | IndexesReport | BackfillPhaseReport | DeployReport;

/** What is known of several phases. */
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
  /** `reason` says why there is no plan, e.g. because a column comes with a migration that is pending. */
  readonly backfill?: PlanReport & { readonly reason?: string };
}

/** A look that found out nothing. */
export interface UnreadLook {
  /** `deploy` where more than one phase was to be looked at. */
  readonly phase: Phase | 'deploy';
  readonly outcome: 'failed' | 'incomplete';
  readonly reason: string;
}

export type OneShotStatus = MigrateStatus | IndexesStatus | StatusReport | DeployStatus;
export type OneShotPlan = MigrateStatus | IndexesStatus | PlanReport | DeployPlan;
