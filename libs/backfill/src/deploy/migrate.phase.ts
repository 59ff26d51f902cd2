import type { DataSourceMigrations, MigrateReport } from '../migrations/migrate.report.js';
import type { MigrateRequest } from '../migrations/migrations.service.js';
import type { DeployPhase, InterruptedOutcome } from './deploy.phase.js';
import type { PhaseServices } from './phase.services.js';

/**
 * The migrations phase of a deployment. If it is interrupted, it has failed: the new version must not start.
 */
export class MigratePhase implements DeployPhase<MigrateReport> {
  readonly phase = 'migrate';
  readonly #request: MigrateRequest;
  readonly #finished: DataSourceMigrations[] = [];

  constructor(request: Omit<MigrateRequest, 'done'>) {
    this.#request = { ...request, done: (report) => void this.#finished.push(report) };
  }

  /** The returned function can be called again, for the contract pass. */
  prepare({ migrations }: PhaseServices): () => Promise<MigrateReport> {
    return () => {
      this.#finished.length = 0;
      return migrations.run(this.#request);
    };
  }

  interruptedReport(_: InterruptedOutcome, reason: string): MigrateReport {
    return { phase: 'migrate', outcome: 'failed', reason, dataSources: this.#finished };
  }
}
