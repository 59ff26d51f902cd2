/** Lets one migration change rows of named tables. The reason is logged at each run. @publicApi */
export interface DataExemption {
  /** Why the change cannot be a backfill. */
  readonly reason: string;
  /** `'leads'` in any schema, or `'crm.leads'`. */
  readonly tables: readonly string[];
}

/** What a contract migration does while a required backfill is not complete. */
export const INCOMPLETE_POLICIES = ['fail', 'defer'] as const;
/** One of `INCOMPLETE_POLICIES`. @publicApi */
export type IncompletePolicy = (typeof INCOMPLETE_POLICIES)[number];

/** The static options of a migration class. @publicApi */
export interface MigrationDeclaration {
  /** Tables whose rows it may change. @default none */
  readonly allowsData?: DataExemption;
  /** Backfills that must be proved complete before `up()` runs. @default none */
  readonly requires?: readonly string[];
  /** Run the remaining batches of `requires` first, before the migration's transaction. @default false */
  readonly finish?: boolean;
  /** `defer` keeps it and the migrations after it pending, with a warning; `--migrate` only. @default 'fail' */
  readonly onIncomplete?: IncompletePolicy;
}

/** Timeouts and retries of schema changes. @publicApi */
export interface DdlPolicy {
  /** Milliseconds that a statement waits for a lock. @default 5_000 */
  readonly lockTimeout: number;
  /** Attempts of a migration that does not get its locks. @default 10 */
  readonly lockAttempts: number;
  /** Milliseconds after which no further attempt starts. @default 300_000 */
  readonly lockRetryTotal: number;
  /** Milliseconds before the second attempt; doubled each time up to 30 s, jittered by half. @default 500 */
  readonly lockBackoff: number;
}

export const DDL_POLICY = {
  lockTimeout: 5000,
  lockAttempts: 10,
  lockRetryTotal: 300_000,
  lockBackoff: 500,
} as const satisfies DdlPolicy;

/** Result of the proof of a required backfill. @publicApi */
export interface CompletionProof {
  readonly complete: boolean;
  readonly status: string;
  /** Pending rows, if they could be counted. */
  readonly left?: number;
  /** Why it is not complete, as a sentence. */
  readonly reason?: string;
}

/** What a contract migration needs of the backfills. The phases do not import each other, so deploy/ provides it. @publicApi */
export interface CompletionGate {
  /** The declared backfills. */
  names(): readonly string[];
  /** Probes the pending predicate now; a status alone is not enough. */
  prove(name: string): Promise<CompletionProof>;
  /** Runs the remaining batches; each commits by itself. */
  finish(name: string): Promise<void>;
}

/** The log of the migrations phase. @publicApi */
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
  /** Set while the phase's own runner works. It retries by itself, with a new transaction. */
  readonly driven: boolean;
}

/** Options of a data source's migrations. A missing option keeps its value. */
export type MigrationOptions = Partial<Omit<MigrationSettings, 'policy' | 'driven'>> & {
  /** Timeouts and retries of schema changes. */
  readonly policy?: Partial<DdlPolicy>;
};
