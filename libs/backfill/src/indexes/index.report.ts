/**
 * - `exists`: there already, as declared
 * - `built`, `rebuilt`: in this run
 * - `differs`: there, but not as declared; `--rebuild` replaces it
 * - `busy`: another session is building it at this moment
 * - `stopped`: told to stop, or others were waited for as long as allowed; the next run builds it
 * - `duplicates`: unique, and the rows are not
 * - `failed`: see `error`
 */
export const INDEX_STATUSES = [
  'exists',
  'built',
  'rebuilt',
  'differs',
  'busy',
  'stopped',
  'duplicates',
  'failed',
] as const;
/** One of `INDEX_STATUSES`. */
export type IndexStatus = (typeof INDEX_STATUSES)[number];

/** What became of one declared index. */
export interface IndexReport {
  readonly name: string;
  readonly table: string;
  readonly status: IndexStatus;
  readonly durationMs: number;
  /** As declared, in PostgreSQL's own wording; missing where the declaration itself is wrong. */
  readonly declared?: string;
  /** As it is, where that differs. */
  readonly existing?: string;
  /** Keys that occur more than once, with how often; the ten most frequent. */
  readonly duplicates?: readonly { readonly key: string; readonly rows: number }[];
  readonly error?: Error;
}

/** An index that was declared once and is no longer. */
export interface UndeclaredIndex {
  readonly name: string;
  readonly table: string;
  readonly definition: string;
}

export const INDEX_OUTCOMES = ['done', 'nothing-to-do', 'warnings'] as const;
/** What came of the indexes phase: indexes were built, none was missing, or a person should look. */
export type IndexOutcome = (typeof INDEX_OUTCOMES)[number];

/** What the indexes phase of a deployment did. Never a reason to stop the deployment. */
export interface IndexPhaseReport {
  readonly phase: 'indexes';
  readonly outcome: IndexOutcome;
  readonly indexes: readonly IndexReport[];
  readonly undeclared: readonly UndeclaredIndex[];
  /** The phase itself could not be carried out, e.g. the database could not be reached. */
  readonly error?: Error;
  readonly durationMs: number;
}
