import type { INestApplicationContext } from '@nestjs/common';
import { WORST_FIRST, type BackfillPhaseReport, type PhaseOutcome } from '../backfills/report/report.js';
import { worstOf } from '../text/worst-of.js';
import { afterContractPass, contractsAreDue } from './contract-pass.js';
import type { OneShotReport } from './deploy.report.js';
import type { IndexesReport } from '../indexes/indexes.report.js';
import { leftWork, type PhaseReports } from './left-work.js';
import type { MigrateReport } from '../migrations/migrate.report.js';
import type { PhaseRun, ShortEnd } from './phase-run.js';

type PhaseReport = MigrateReport | IndexesReport | BackfillPhaseReport;

/**
 * The phases of one run, in their order. A failed migration ends it; whatever becomes of the others, the next one runs.
 * At the end the migrations are run once more where `contractsAreDue`.
 * The report of a single phase is that phase's own.
 */
export class DeploySequence {
  readonly #phases: readonly PhaseRun<PhaseReport>[];
  readonly #finished: PhaseReport[] = [];
  readonly #broke: (error: unknown) => void;
  readonly #signal: AbortSignal;

  /**
   * @param broke told of an error that a later phase threw, which ends that phase alone
   * @param signal asks to stop: what is due at the end alone is left out
   */
  constructor(
    phases: readonly PhaseRun<PhaseReport>[],
    broke: (error: unknown) => void,
    signal: AbortSignal,
  ) {
    this.#phases = phases;
    this.#broke = broke;
    this.#signal = signal;
  }

  /** @throws what a phase throws while nothing has been changed */
  async run(app: INestApplicationContext, module: string): Promise<OneShotReport> {
    const prepared = this.#phases.map((phase) => ({ phase, run: phase.prepare(app, module) }));
    for (const { phase, run } of prepared) {
      const report = await this.#runOne(phase, run);
      this.#finished.push(report);
      if (report.phase === 'migrate' && report.outcome === 'failed') break;
    }
    for (const { phase, run } of prepared) {
      if (phase.phase === 'migrate') await this.#runContracts(phase, run);
    }
    return this.#report(this.#finished);
  }

  /** The report of a run that does not come to its own end: of what has finished, and of the phase in hand. */
  cutShort(end: ShortEnd, reason: string): OneShotReport {
    const inHand = this.#phases[this.#finished.length]?.cutShort(end, reason);
    return this.#report([...this.#finished, ...(inHand ? [inHand] : [])]);
  }

  async #runContracts(phase: PhaseRun<PhaseReport>, run: () => Promise<PhaseReport>): Promise<void> {
    const [migrate, backfill] = [this.#reportOf('migrate'), this.#reportOf('backfill')];
    if (!migrate || !backfill || this.#signal.aborted || !contractsAreDue(migrate, backfill)) return;
    const report = await this.#runOne(phase, run);
    // The first pass has run nothing: its report has nothing that this one lacks.
    this.#finished[0] = report.phase === 'migrate' ? afterContractPass(report) : report;
  }

  #reportOf<Name extends PhaseReport['phase']>(
    name: Name,
  ): Extract<PhaseReport, { phase: Name }> | undefined {
    return this.#finished.find(
      (report): report is Extract<PhaseReport, { phase: Name }> => report.phase === name,
    );
  }

  async #runOne(phase: PhaseRun<PhaseReport>, run: () => Promise<PhaseReport>): Promise<PhaseReport> {
    try {
      return await run();
    } catch (error) {
      // The first phase: what is wrong may be the usage.
      if (this.#finished.length === 0) throw error;
      this.#broke(error);
      return phase.cutShort('failed', error instanceof Error ? error.message : String(error));
    }
  }

  #report(finished: readonly PhaseReport[]): OneShotReport {
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

function commonOutcome({ outcome }: PhaseReport): PhaseOutcome {
  if (outcome === 'deferred' || outcome === 'warnings') return 'incomplete';
  return outcome === 'done' ? 'complete' : outcome;
}
