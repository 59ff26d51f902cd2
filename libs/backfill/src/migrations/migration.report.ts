import type { BackfillError } from '../errors/backfill.error.js';
import type { UnmetRequirement } from './migration.error.js';

/**
 * - `done`: everything that was pending has run
 * - `nothing-to-do`: nothing was pending
 * - `deferred`: a contract migration, and those that come after it, wait for a backfill; a warning
 * - `failed`: the deployment must stop
 */
export const MIGRATION_OUTCOMES = ['done', 'nothing-to-do', 'deferred', 'failed'] as const;
/** One of `MIGRATION_OUTCOMES`. */
export type MigrationOutcome = (typeof MIGRATION_OUTCOMES)[number];

/** A migration that ran and was recorded. */
export interface RanMigration {
  readonly name: string;
  readonly durationMs: number;
  /** The reason of its exemption, where it may change rows. */
  readonly allowsData?: string;
}

/** A migration that was left pending, and the backfills that it waits for. */
export interface DeferredMigration {
  readonly name: string;
  readonly waitsFor: readonly UnmetRequirement[];
}

/** What stopped the deployment. */
export interface FailedMigration {
  /** Missing when no migration was at hand, e.g. when the database could not be reached. */
  readonly name?: string;
  readonly error: BackfillError | Error;
}

/** What the migrations phase of a deployment did. */
export interface MigrationPhaseReport {
  readonly phase: 'migrate';
  readonly outcome: MigrationOutcome;
  readonly ran: readonly RanMigration[];
  readonly deferred?: DeferredMigration;
  readonly failed?: FailedMigration;
  /** Names of what is left, in order: also of those behind a deferred or failed one. */
  readonly pending: readonly string[];
  /** Names of those that ran unguarded in this run. */
  readonly grandfathered: readonly string[];
  /** Another process was migrating when this one came, and it waited. */
  readonly waitedForOther: boolean;
  readonly durationMs: number;
}

/** A migration that may change rows. */
export interface ExemptMigration {
  readonly name: string;
  readonly reason: string;
  readonly tables: readonly string[];
}

/** What `--status` tells about migrations. */
export interface MigrationStatus {
  readonly pending: readonly string[];
  readonly waiting: readonly DeferredMigration[];
  readonly exempt: readonly ExemptMigration[];
  readonly grandfathered: readonly string[];
}
