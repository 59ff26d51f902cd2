import { createHash } from 'node:crypto';
import { canonicalSql } from './canonical-sql.js';

/** The pending predicate of a backfill, as its class declares it. */
export interface DeclaredPredicate {
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
}

/**
 * Identifies a predicate in the ledger, for every process that declares it. Values that may be those of the start of the
 * process do not count: if they did, a finished backfill would not be complete for the next process.
 */
export function fingerprintOf({ sql, parameters }: DeclaredPredicate): string {
  return createHash('sha256').update(canonicalSql(sql, parameters)).digest('hex').slice(0, 16);
}
