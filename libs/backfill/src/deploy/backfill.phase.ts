import type { INestApplicationContext } from '@nestjs/common';
import type { BackfillObserver } from '../backfills/report/observer.js';
import type { BackfillPhaseReport } from '../backfills/report/report.js';
import type { RunRequest } from '../backfills/report/request.js';
import { engineOf } from './engine.js';
import type { PhaseRun, ShortEnd } from './phase-run.js';
import { RecordingObserver } from './recording.observer.js';

/** The backfills phase of a one-shot run. */
export class BackfillPhase implements PhaseRun<BackfillPhaseReport> {
  readonly phase = 'backfill';
  readonly #request: RunRequest;
  readonly #recording: RecordingObserver;

  constructor(request: Omit<RunRequest, 'observer'>, observer: BackfillObserver) {
    this.#recording = new RecordingObserver(observer);
    this.#request = { ...request, observer: this.#recording.observer };
  }

  prepare(app: INestApplicationContext, module: string): () => Promise<BackfillPhaseReport> {
    const engine = engineOf(app, module);
    return () => engine.run(this.#request);
  }

  cutShort(outcome: ShortEnd, reason: string): BackfillPhaseReport {
    return { phase: 'backfill', outcome, reason, backfills: this.#recording.finished };
  }
}
