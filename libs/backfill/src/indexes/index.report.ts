/**
 * - `exists`: it exists as declared
 * - `built`, `rebuilt`: this run built it
 * - `differs`: it exists with another definition; `--rebuild` replaces it
 * - `waiting`: it has `build: 'after'`, and a backfill that names it is not complete; see `reason`
 * - `busy`: another session is building it
 * - `stopped`: the build was stopped, or it waited too long for other sessions; the next run builds the index
 * - `duplicates`: the index is declared unique, but the table has duplicate keys
 * - `failed`: see `error`
 */
export const INDEX_STATUSES = [
  'exists',
  'built',
  'rebuilt',
  'differs',
  'waiting',
  'busy',
  'stopped',
  'duplicates',
  'failed',
] as const;
/** One of `INDEX_STATUSES`. @publicApi */
export type IndexStatus = (typeof INDEX_STATUSES)[number];

/** The result for one declared index. @publicApi */
export interface IndexReport {
  readonly name: string;
  readonly table: string;
  readonly status: IndexStatus;
  readonly durationMs: number;
  /** The declared definition as PostgreSQL prints it; missing if the declaration is invalid. */
  readonly declared?: string;
  /** The existing definition, if it differs. */
  readonly existing?: string;
  /** The ten most frequent duplicate keys, with their number of rows. */
  readonly duplicates?: readonly { readonly key: string; readonly rows: number }[];
  /** What the index waits for, if the status is `waiting`. */
  readonly reason?: string;
  /** Why the index was not built. */
  readonly error?: Error;
}

/** An existing index that is no longer declared. It is kept. @publicApi */
export interface UndeclaredIndex {
  readonly name: string;
  readonly table: string;
  /** The last declared definition, as PostgreSQL prints it. */
  readonly definition: string;
}

export const INDEX_OUTCOMES = ['done', 'nothing-to-do', 'warnings'] as const;
/** Outcome of the indexes phase. `warnings`: a person must check the report. @publicApi */
export type IndexOutcome = (typeof INDEX_OUTCOMES)[number];

/** Report of the indexes phase for one data source. It never stops a deployment. @publicApi */
export interface IndexPhaseReport {
  readonly phase: 'indexes';
  readonly outcome: IndexOutcome;
  readonly indexes: readonly IndexReport[];
  readonly undeclared: readonly UndeclaredIndex[];
  /** The phase itself failed, e.g. because the database could not be reached. */
  readonly error?: Error;
  readonly durationMs: number;
}
