import type { Parameters } from '../../../postgres/parameters.js';

/** A throttle whose value comes from the database: one column of the query that reads all of them. */
export interface ServerThrottle {
  /** The name in logs and in the status, e.g. `replica lag`. */
  readonly name: string;
  /** Its query reads the CTEs of `tableLocks`. */
  readonly usesTableLocks?: true;
  /**
   * A query that returns one value, without parentheses. NULL means that the run does not have to wait. Every
   * role must be allowed to execute it.
   */
  query(parameters: Parameters): string;
  /**
   * @param value in text format
   * @returns why the run has to wait, as a phrase that follows the name; null to continue
   * @throws ThrottleUnreadableError if the value is hidden from this role
   */
  waitReason(value: string | null): string | null;
}

/** SQL pattern of the application names of backfills, which do not wait for each other. */
export const BACKFILL_SESSIONS = `'nestjs-backfill:%'`;
