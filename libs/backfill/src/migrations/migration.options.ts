import type { LockRule } from 'nestjs-backfill-sql';

/** Allows one migration to change rows of named tables. The reason is logged at each run. @publicApi */
export interface DataExemption {
  /** Why the change cannot be a backfill. */
  readonly reason: string;
  /** `'leads'` in any schema, or `'crm.leads'`. */
  readonly tables: readonly string[];
}

/** Allows one migration statements that lock rules refuse. The reason is logged at each run. @publicApi */
export interface LockExemption {
  /** Why the locks do no harm. */
  readonly reason: string;
  /** The rules, such as `index-not-concurrent`. */
  readonly rules: readonly LockRule[];
}

/** What happens before a statement whose locks can take the application down. */
export const LOCKS_POLICIES = ['refuse', 'warn', 'off'] as const;
/** One of `LOCKS_POLICIES`. @publicApi */
export type LocksPolicy = (typeof LOCKS_POLICIES)[number];

/** The behaviour of a contract migration whose required backfills are not complete. */
export const INCOMPLETE_POLICIES = ['fail', 'defer'] as const;
/** One of `INCOMPLETE_POLICIES`. @publicApi */
export type IncompletePolicy = (typeof INCOMPLETE_POLICIES)[number];

/** The static options of a migration class. @publicApi */
export interface MigrationDeclaration {
  /** Tables whose rows it may change. @default none */
  readonly allowsData?: DataExemption;
  /** Lock rules that do not apply to it; logged at each run. @default none */
  readonly allowsLocks?: LockExemption;
  /** The policy for this migration. @default that of the data source */
  readonly locks?: LocksPolicy;
  /**
   * Backfills that must be proved complete before `up()` runs, and indexes with `@OnlineIndex` that must be built. If a
   * backfill and an index have the same name, the backfill is meant. @default none
   */
  readonly requires?: readonly string[];
  /** Run the remaining batches of `requires` first, before the migration's transaction. @default false */
  readonly finish?: boolean;
  /**
   * The behaviour if `requires` is not complete. `defer` keeps this migration and all later ones pending,
   * with a warning. Only the migrations phase supports `defer`. @default 'fail'
   */
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
  /**
   * Milliseconds before the second attempt. The pause doubles with each attempt, up to 30 s; the actual pause
   * is random, from half of it to all of it. @default 500
   */
  readonly lockBackoff: number;
}

export const DDL_POLICY = {
  lockTimeout: 5000,
  lockAttempts: 10,
  lockRetryTotal: 300_000,
  lockBackoff: 500,
} as const satisfies DdlPolicy;

/** Result of the proof of a required backfill, or of a look for a required index. @publicApi */
export interface CompletionProof {
  /** True if a probe found no pending row; of an index, if it is valid and as declared. */
  readonly complete: boolean;
  /** @default 'backfill' */
  readonly kind?: 'backfill' | 'index';
  /** The status in the ledger. */
  readonly status: string;
  /** The number of pending rows, if they could be counted. */
  readonly left?: number;
  /** Why it is not complete, as a sentence. */
  readonly reason?: string;
  /** Why the probe cannot run, e.g. because a pending migration adds the column that the backfill reads. */
  readonly problem?: string;
}

/**
 * The backfill functions that a contract migration uses: it proves and finishes backfills. deploy/ provides
 * it, because the phases do not import each other. @publicApi
 */
export interface CompletionGate {
  /** The declared backfills, by their current and former names, and the declared indexes. */
  names(): readonly string[];
  /** The current name of a backfill that may have been renamed. @default no backfill was renamed */
  currentName?(name: string): string;
  /** Probes for pending rows now, because the recorded status does not prove completion. */
  prove(name: string): Promise<CompletionProof>;
  /** Runs the remaining batches. Each batch commits separately. */
  finish(name: string): Promise<void>;
}

/** The log of the migrations phase. @publicApi */
export interface MigrationLog {
  log(message: string): void;
  warn(message: string): void;
}

export interface MigrationSettings {
  readonly policy: DdlPolicy;
  /**
   * Statements whose locks can take the application down: refuse them before they are sent, log a warning, or
   * do not look for them. `down()` is never refused. @default 'refuse'
   */
  readonly locks: LocksPolicy;
  /** Proves that the backfills in `requires` are complete. @default none: `requires` cannot be met */
  readonly gate?: CompletionGate;
  /** @default a Nest logger */
  readonly log: MigrationLog;
  /**
   * True while the runner of the migrations phase runs the migrations. That runner retries on its own, with a
   * new transaction.
   */
  readonly isRunByPhase: boolean;
}

/** Options of a data source's migrations. A missing option keeps its current value. */
export type MigrationOptions = Partial<Omit<MigrationSettings, 'policy' | 'isRunByPhase'>> & {
  /** Timeouts and retries of schema changes. */
  readonly policy?: Partial<DdlPolicy>;
};
