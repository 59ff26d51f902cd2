import type { BackfillError } from '../errors/backfill.error.js';
import type { HeldLock } from './locks/lock-witness.js';
import type { UnmetRequirement } from './migration.error.js';

/**
 * - `done`: all pending migrations ran
 * - `nothing-to-do`: none was pending
 * - `deferred`: a contract migration and all later migrations wait for a backfill, which is a warning
 * - `failed`: the deployment must stop
 */
export const MIGRATION_OUTCOMES = ['done', 'nothing-to-do', 'deferred', 'failed'] as const;
/** One of `MIGRATION_OUTCOMES`. @publicApi */
export type MigrationOutcome = (typeof MIGRATION_OUTCOMES)[number];

/** A migration that ran and was recorded. @publicApi */
export interface RanMigration {
  readonly name: string;
  readonly durationMs: number;
  /** The reason of its exemption, if it may change rows. */
  readonly allowsData?: string;
  /** The locks that made other statements wait, as PostgreSQL showed them. Missing if there was none. */
  readonly locks?: readonly HeldLock[];
}

/** A migration that stays pending, and the backfills for which it waits. @publicApi */
export interface DeferredMigration {
  readonly name: string;
  readonly waitsFor: readonly UnmetRequirement[];
}

/** The error that stops the deployment. @publicApi */
export interface FailedMigration {
  /** Missing if no migration was running, e.g. because the database could not be reached. */
  readonly name?: string;
  readonly error: BackfillError | Error;
}

/** Report of the migrations phase for one data source. @publicApi */
export interface MigrationPhaseReport {
  readonly phase: 'migrate';
  readonly outcome: MigrationOutcome;
  readonly ran: readonly RanMigration[];
  readonly deferred?: DeferredMigration;
  readonly failed?: FailedMigration;
  /** Names of the migrations that are still pending, in order, including a deferred or failed migration. */
  readonly pending: readonly string[];
  /** Names of the migrations that ran without the guard. */
  readonly grandfathered: readonly string[];
  /** Whether this process waited for another process that ran migrations. */
  readonly waitedForOther: boolean;
  readonly durationMs: number;
}

/** A migration that may change rows. @publicApi */
export interface ExemptMigration {
  readonly name: string;
  /** Why the change cannot be a backfill. */
  readonly reason: string;
  /** The tables whose rows the migration may change. */
  readonly tables: readonly string[];
}

/** The migrations of one data source in `--status`. @publicApi */
export interface MigrationStatus {
  /** Names of the pending migrations, in order. */
  readonly pending: readonly string[];
  /** Pending migrations whose required backfills are not complete. */
  readonly waiting: readonly DeferredMigration[];
  /** Migrations that may change rows. */
  readonly exempt: readonly ExemptMigration[];
  /** Names of the migrations that run without the guard. */
  readonly grandfathered: readonly string[];
}
