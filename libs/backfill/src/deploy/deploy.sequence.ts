import { WORST_FIRST, type PhaseOutcome } from '../report/report.js';
import { messageOf } from '../postgres/error-classes.js';
import { worstOf } from '../text/worst-of.js';
import { contractPassReport, shouldRunContractPass } from './contract-pass.js';
import type { DeployPhase, InterruptedOutcome } from './deploy.phase.js';
import type { DeployReport, PhaseReport, PhaseReports } from './deploy.report.js';
import { leftWork } from './left-work.js';
import { indexPassReport, shouldRunIndexPass } from './index-pass.js';
import type { PhaseServices } from './phase.services.js';

type ReportOf<Name extends PhaseReport['phase']> = Extract<PhaseReport, { phase: Name }>;

export interface DeploySequenceOptions {
  /** Called with the error of a phase other than the first. The error ends only this phase. */
  readonly onError: (error: unknown) => void;
  /** Stops the deployment. After it, neither the contract pass nor the index pass runs. */
  readonly signal: AbortSignal;
}

/** A phase and the function that runs it. */
interface PreparedPhase {
  readonly phase: DeployPhase<PhaseReport>;
  readonly run: () => Promise<PhaseReport>;
}

/**
 * Runs the phases of a deployment in order. A failed migration ends the deployment. Any other failure does
 * not: the next phase runs. At the end, the indexes are built once more if `shouldRunIndexPass`, and then the
 * migrations run once more if `shouldRunContractPass`.
 */
export class DeploySequence {
  readonly #phases: readonly DeployPhase<PhaseReport>[];
  readonly #options: DeploySequenceOptions;
  readonly #finished: PhaseReport[] = [];

  constructor(phases: readonly DeployPhase<PhaseReport>[], options: DeploySequenceOptions) {
    this.#phases = phases;
    this.#options = options;
  }

  /**
   * @returns the report of the deployment; for a single phase, the report of this phase
   * @throws what the first phase throws; nothing was changed before it
   */
  async run(services: PhaseServices): Promise<PhaseReport | DeployReport> {
    if (this.#phases.length === 1) return this.#run(services);
    const { observers } = services;
    observers.notify((observer) => observer.deployStarted?.());
    let outcome = 'error';
    try {
      const report = await this.#run(services);
      ({ outcome } = report);
      return report;
    } finally {
      observers.notify((observer) => observer.deployEnded?.(outcome));
    }
  }

  async #run(services: PhaseServices): Promise<PhaseReport | DeployReport> {
    const prepared = this.#phases.map((phase) => ({ phase, run: phase.prepare(services) }));
    for (const phase of prepared) {
      const report = await this.#runPhase(phase);
      this.#finished.push(report);
      if (report.phase === 'migrate' && report.outcome === 'failed') break;
    }
    // A contract migration may require an index that requires a backfill.
    await this.#runIndexPass(prepared);
    await this.#runContractPass(prepared);
    return this.#report(this.#finished);
  }

  /** The report of an interrupted run: the finished phases, and what the current phase has finished. */
  interruptedReport(outcome: InterruptedOutcome, reason: string): PhaseReport | DeployReport {
    const current = this.#phases[this.#finished.length]?.interruptedReport(outcome, reason);
    return this.#report(current ? [...this.#finished, current] : this.#finished);
  }

  async #runContractPass(prepared: readonly PreparedPhase[]): Promise<void> {
    const phase = prepared.find((each) => each.phase.phase === 'migrate');
    const [migrate, backfill] = [this.#reportOf('migrate'), this.#reportOf('backfill')];
    if (!phase || !migrate || !backfill || this.#options.signal.aborted) return;
    if (!shouldRunContractPass(migrate, { backfill, indexes: this.#reportOf('indexes') })) return;
    const report = await this.#runPhase(phase);
    // The first pass ran no migration, so the second report replaces the first one without loss.
    this.#finished[0] = report.phase === 'migrate' ? contractPassReport(report) : report;
  }

  async #runIndexPass(prepared: readonly PreparedPhase[]): Promise<void> {
    const phase = prepared.find((each) => each.phase.phase === 'indexes');
    const [indexes, backfill] = [this.#reportOf('indexes'), this.#reportOf('backfill')];
    if (!phase || !indexes || !backfill || this.#options.signal.aborted) return;
    if (this.#reportOf('migrate')?.outcome === 'failed' || !shouldRunIndexPass(indexes, backfill)) return;
    const report = await this.#runPhase(phase);
    if (report.phase === 'indexes')
      this.#finished[this.#finished.indexOf(indexes)] = indexPassReport(indexes, report);
  }

  #reportOf<Name extends PhaseReport['phase']>(name: Name): ReportOf<Name> | undefined {
    return this.#finished.find((report): report is ReportOf<Name> => report.phase === name);
  }

  async #runPhase({ phase, run }: PreparedPhase): Promise<PhaseReport> {
    try {
      return await run();
    } catch (error) {
      // An error of the first phase may be a usage error, which the caller reports.
      if (this.#finished.length === 0) throw error;
      this.#options.onError(error);
      return phase.interruptedReport('failed', messageOf(error));
    }
  }

  #report(finished: readonly PhaseReport[]): PhaseReport | DeployReport {
    const [only] = finished;
    if (only && this.#phases.length === 1) return only;
    const reports = Object.fromEntries(finished.map((report) => [report.phase, report])) as PhaseReports;
    const notRun = this.#phases.map(({ phase }) => phase).filter((phase) => !reports[phase]);
    return {
      phase: 'deploy',
      outcome: worstOf(WORST_FIRST, finished.map(commonOutcome)),
      left: leftWork(reports, notRun),
      ...reports,
    };
  }
}

/** The outcome of a phase as one of the outcomes of a deployment. */
function commonOutcome({ outcome }: PhaseReport): PhaseOutcome {
  if (outcome === 'deferred' || outcome === 'warnings') return 'incomplete';
  return outcome === 'done' ? 'complete' : outcome;
}
