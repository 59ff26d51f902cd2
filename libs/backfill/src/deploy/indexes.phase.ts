import type { DataSourceIndexes, IndexesReport } from '../indexes/indexes.report.js';
import type { IndexesRequest } from '../indexes/indexes.service.js';
import type { DeployPhase, InterruptedOutcome } from './deploy.phase.js';
import type { PhaseServices } from './phase.services.js';

/** The indexes phase of a deployment. If it is interrupted, that is only a warning. */
export class IndexesPhase implements DeployPhase<IndexesReport> {
  readonly phase = 'indexes';
  readonly #request: IndexesRequest;
  readonly #finished: DataSourceIndexes[] = [];

  constructor(request: Omit<IndexesRequest, 'done'>) {
    this.#request = { ...request, done: (report) => void this.#finished.push(report) };
  }

  /** The returned function can be called again, for the index pass. */
  prepare({ indexes }: PhaseServices): () => Promise<IndexesReport> {
    return () => {
      this.#finished.length = 0;
      return indexes.run(this.#request);
    };
  }

  interruptedReport(_: InterruptedOutcome, reason: string): IndexesReport {
    return { phase: 'indexes', outcome: 'warnings', reason, dataSources: this.#finished };
  }
}
