import { createHash } from 'node:crypto';

/** The pending predicate of a backfill, as its class declares it. */
export interface DeclaredPredicate {
  readonly sql: string;
  readonly parameters: readonly (string | null)[];
}

/** A time in a predicate is often that of the start of the process, so that it is another one in each process. */
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;

/** Identifies a predicate in the ledger. Values that are times do not count. */
export function fingerprintOf({ sql, parameters }: DeclaredPredicate): string {
  const values = parameters.map((value) => (value !== null && TIME.test(value) ? 'time' : value));
  return createHash('sha256')
    .update(JSON.stringify([sql, values]))
    .digest('hex')
    .slice(0, 16);
}
