import type { BackfillPhaseReport, PhaseOutcome } from '../report/report.js';
import type { IndexesReport } from '../indexes/indexes.report.js';
import type { MigrateReport } from '../migrations/migrate.report.js';
import type { Phase } from './phases.js';

export type PhaseReport = MigrateReport | IndexesReport | BackfillPhaseReport;

/** The reports of the phases that ran. */
export interface PhaseReports {
  /** Missing if the phase was not requested. The other two are missing as well if the migrations failed. */
  readonly migrate?: MigrateReport;
  readonly indexes?: IndexesReport;
  readonly backfill?: BackfillPhaseReport;
}

/**
 * Work that a deployment left for the next one, or for a person.
 *
 * @publicApi
 */
export interface LeftWork {
  readonly phase: Phase;
  /** The name of a migration, an index or a backfill; null for the whole phase. */
  readonly name: string | null;
  /** The reason, in a sentence. */
  readonly why: string;
}

/**
 * The result of a deployment with several phases.
 *
 * @publicApi
 */
export interface DeployReport extends PhaseReports {
  readonly phase: 'deploy';
  /** The worst outcome of the phases. The deployment must stop only if `migrate.outcome` is `failed`. */
  readonly outcome: PhaseOutcome;
  /** Why nothing could run, e.g. because of wrong arguments. */
  readonly reason?: string;
  readonly left: readonly LeftWork[];
}
