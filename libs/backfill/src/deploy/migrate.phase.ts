import type { INestApplicationContext } from '@nestjs/common';
import type { DataSourceMigrations, MigrateReport } from '../migrations/migrate.report.js';
import { migrationsOf } from './engine.js';
import type { MigrateRequest } from '../migrations/migrations.service.js';
import type { PhaseRun, ShortEnd } from './phase-run.js';

/** The migrations phase of a one-shot run. Whatever keeps it from its end is a failure: the new version must not start. */
export class MigratePhase implements PhaseRun<MigrateReport> {
  readonly phase = 'migrate';
  readonly #request: MigrateRequest;
  readonly #finished: DataSourceMigrations[] = [];

  constructor(request: Omit<MigrateRequest, 'done'>) {
    this.#request = { ...request, done: (report) => void this.#finished.push(report) };
  }

  prepare(app: INestApplicationContext, module: string): () => Promise<MigrateReport> {
    const engine = migrationsOf(app, module);
    return () => {
      this.#finished.length = 0;
      return engine.run(this.#request);
    };
  }

  cutShort(_: ShortEnd, reason: string): MigrateReport {
    return { phase: 'migrate', outcome: 'failed', reason, dataSources: this.#finished };
  }
}
