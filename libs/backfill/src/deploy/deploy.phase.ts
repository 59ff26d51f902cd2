import type { PhaseServices } from './phase.services.js';
import type { Phase } from './phases.js';

/** The outcome of a phase that was interrupted. */
export type InterruptedOutcome = 'incomplete' | 'failed';

/** One phase of one deployment. */
export interface DeployPhase<Report extends { readonly phase: Phase }> {
  readonly phase: Report['phase'];
  /**
   * Gets the phase's service. All phases are prepared before the first one runs, so that a missing module is
   * reported before anything is changed.
   *
   * @returns the function that runs the phase
   * @throws {BackfillModuleMissingError}
   */
  prepare(services: PhaseServices): () => Promise<Report>;
  /** The report of a phase that could not run or was interrupted. It contains what the phase has finished. */
  interruptedReport(outcome: InterruptedOutcome, reason: string): Report;
}
