import type { BackfillObserver } from '../report/observer.js';
import type { BackfillPhaseReport } from '../report/report.js';
import type { RunRequest } from '../report/request.js';
import type { DeployPhase, InterruptedOutcome } from './deploy.phase.js';
import type { PhaseServices } from './phase.services.js';
import { RecordingObserver } from './recording.observer.js';

/** The backfills phase of a deployment. */
export class BackfillPhase implements DeployPhase<BackfillPhaseReport> {
  readonly phase = 'backfill';
  readonly #request: RunRequest;
  readonly #recording: RecordingObserver;

  constructor(request: Omit<RunRequest, 'observer'>, observer: BackfillObserver) {
    this.#recording = new RecordingObserver(observer);
    this.#request = { ...request, observer: this.#recording.observer };
  }

  prepare(services: PhaseServices): () => Promise<BackfillPhaseReport> {
    const { backfills } = services;
    return async () => {
      const first = await this.#required(services);
      return backfills.run({ ...this.#request, ...(first.length > 0 && { first }), predict: true });
    };
  }

  /** The backfills for which pending migrations wait. Their order only matters under a time limit. */
  async #required(services: PhaseServices): Promise<readonly string[]> {
    if (this.#request.maxDurationMs === undefined) return [];
    // An unreachable database is reported by the run.
    try {
      return await services.migrations.requiredBackfills();
    } catch {
      return [];
    }
  }

  interruptedReport(outcome: InterruptedOutcome, reason: string): BackfillPhaseReport {
    return { phase: 'backfill', outcome, reason, backfills: this.#recording.finished };
  }
}
