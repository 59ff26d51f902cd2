import type { DataSource } from 'typeorm';
import type { RunRequest } from '../report/request.js';
import type { CompletionGate, MigrationLog } from './migration.options.js';

/** The options for running the backfills of `finish`. */
export type FinishRequest = Pick<RunRequest, 'connectTimeoutMs' | 'observer' | 'signal'>;

/** The request of a gate. */
export interface GateRequest extends FinishRequest {
  /** Receives how far a long proof is, and the lock that it waits for. @default a Nest logger */
  readonly log?: MigrationLog;
}

/**
 * The backfill functions that contract migrations use. deploy/ provides them, because the phases do not
 * import each other.
 */
export interface ContractBackfills {
  /** Creates the gate that proves and finishes the backfills in `requires`. */
  gate(request: GateRequest): CompletionGate;
  /**
   * Seals the backfills in `requires` of these migrations. Never throws.
   *
   * @param ran the names of the migrations that have run
   */
  seal(dataSource: DataSource, ran: readonly string[], log: MigrationLog): Promise<void>;
}

/** The token of the `ContractBackfills`. */
export const CONTRACT_BACKFILLS = Symbol.for('nestjs-backfill:contract-backfills');
