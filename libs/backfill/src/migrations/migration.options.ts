/** Lets one migration change the rows of named tables, for a reason that is logged at each run. */
export interface DataExemption {
  readonly reason: string;
  /** `'leads'`, or `'crm.leads'` to mean one schema's. */
  readonly tables: readonly string[];
}

/** What a contract migration does while a backfill that it requires is not complete. */
export const INCOMPLETE_POLICIES = ['fail', 'defer'] as const;
/** One of `INCOMPLETE_POLICIES`. */
export type IncompletePolicy = (typeof INCOMPLETE_POLICIES)[number];

/** The statics that a migration class may declare. */
export interface MigrationDeclaration {
  /** @default none: every change of rows is refused */
  readonly allowsData?: DataExemption;
  /** Names of backfills that must be proved complete before `up()` runs. @default none */
  readonly requires?: readonly string[];
  /** Run the remaining batches of `requires` in place, before the migration's own transaction. @default false */
  readonly finish?: boolean;
  /** `defer` leaves it, and those that come after it, pending with a warning; only `--migrate` can do so. @default 'fail' */
  readonly onIncomplete?: IncompletePolicy;
}

/** The DDL policy. */
export interface DdlPolicy {
  /** How long a statement waits for a lock, in milliseconds. @default 5000 */
  readonly lockTimeout: number;
  /** How often a migration is tried when it does not get its locks. @default 10 */
  readonly lockAttempts: number;
  /** No further try after this time, in milliseconds. @default 300000 (5 minutes) */
  readonly lockRetryTotal: number;
  /** The first pause between two tries, in milliseconds; doubled each time up to 30 s, and jittered by half. @default 500 */
  readonly lockBackoff: number;
}

export const DDL_POLICY = {
  lockTimeout: 5000,
  lockAttempts: 10,
  lockRetryTotal: 300_000,
  lockBackoff: 500,
} as const satisfies DdlPolicy;

/** What the proof of one required backfill found. */
export interface CompletionProof {
  readonly complete: boolean;
  readonly status: string;
  /** Rows left, where they could be counted. */
  readonly left?: number;
  /** In a sentence: what it waits for or what keeps it from completing. */
  readonly reason?: string;
}

/** The backfills, as far as a contract migration needs them; the phases do not know each other, so the deployment hands it in. */
export interface CompletionGate {
  /** Names that exist. */
  names(): readonly string[];
  /** Probes the pending predicate now; never answers from a status alone. */
  prove(name: string): Promise<CompletionProof>;
  /** Runs the remaining batches, each committed by itself. */
  finish(name: string): Promise<void>;
}

/** Where the migrations phase tells what it does. */
export interface MigrationLog {
  log(message: string): void;
  warn(message: string): void;
}

export interface MigrationSettings {
  readonly policy: DdlPolicy;
  /** Proves that the backfills in `requires` are complete. @default none: `requires` cannot be met */
  readonly gate?: CompletionGate;
  /** @default a Nest logger */
  readonly log: MigrationLog;
  /** Set while the phase's own runner drives: it tries again by itself, with a transaction that is new from the start. */
  readonly driven: boolean;
}

/** The options of a data source's migrations; whatever is left out keeps its value. */
export type MigrationOptions = Partial<Omit<MigrationSettings, 'policy' | 'driven'>> & {
  /** Timeouts and retries of schema changes. */
  readonly policy?: Partial<DdlPolicy>;
};
