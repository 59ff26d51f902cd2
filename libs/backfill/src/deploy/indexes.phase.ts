import type { INestApplicationContext } from '@nestjs/common';
import { indexesOf } from './engine.js';
import type { DataSourceIndexes, IndexesReport } from '../indexes/indexes.report.js';
import type { IndexesRequest } from '../indexes/indexes.service.js';
import type { PhaseRun, ShortEnd } from './phase-run.js';

/** The indexes phase of a one-shot run. Whatever keeps it from its end is a warning. */
export class IndexesPhase implements PhaseRun<IndexesReport> {
  readonly phase = 'indexes';
  readonly #request: IndexesRequest;
  readonly #finished: DataSourceIndexes[] = [];

  constructor(request: Omit<IndexesRequest, 'done'>) {
    this.#request = { ...request, done: (report) => void this.#finished.push(report) };
  }

  prepare(app: INestApplicationContext, module: string): () => Promise<IndexesReport> {
    const engine = indexesOf(app, module);
    return () => engine.run(this.#request);
  }

  cutShort(_: ShortEnd, reason: string): IndexesReport {
    return { phase: 'indexes', outcome: 'warnings', reason, dataSources: this.#finished };
  }
}
