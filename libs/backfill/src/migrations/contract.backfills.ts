import type { DataSource } from 'typeorm';
import type { RunRequest } from '../report/request.js';
import type { CompletionGate, MigrationLog } from './migration.options.js';

/** How the backfills of `finish` run. */
export type FinishRequest = Pick<RunRequest, 'connectTimeoutMs' | 'observer' | 'signal'>;

/**
 * What contract migrations need of the backfills. Provided by deploy/, because the phases do not import each
 * other.
 */
export interface ContractBackfills {
  /** Proves and finishes the backfills in `requires`. */
  gate(request: FinishRequest): CompletionGate;
  /**
   * Seals the backfills that these migrations required. Never throws.
   *
   * @param ran the names of the migrations that have run
   */
  seal(dataSource: DataSource, ran: readonly string[], log: MigrationLog): Promise<void>;
}

/** The token of the `ContractBackfills`. */
export const CONTRACT_BACKFILLS = Symbol('nestjs-backfill:contract-backfills');
