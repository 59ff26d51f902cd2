import type { ModuleMetadata, Provider } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { BackfillObserver } from '../report/observer.js';
import type { BackfillReport } from '../report/report.js';
import type { BackfillStatusReport } from '../report/status-report.js';

/** What `rehearse` needs besides the class of the backfill. @publicApi */
export interface RehearsalOptions {
  /**
   * The modules of the application, e.g. `[AppModule]`. They import `TypeOrmModule` and `BackfillModule`, and
   * connect to a database for tests.
   */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
  /** The rows of the entity before the backfill, by property. Give some that are not pending, too. */
  readonly rows: readonly object[];
  /** Providers that no module of `imports` has, e.g. the class of the backfill. @default none */
  readonly providers?: readonly Provider[];
  /** Called once before anything else, e.g. to run the migrations. @default nothing */
  readonly prepare?: (dataSource: DataSource) => Promise<unknown>;
  /**
   * Inserts the rows of other tables, before every run and before `rows`. It must insert the same rows each
   * time, with the same keys. @default nothing
   */
  readonly setUp?: (dataSource: DataSource) => Promise<unknown>;
  /**
   * Columns or properties that change besides those that the backfill writes, e.g. `updated_at` by a trigger.
   * The properties do not compare them. @default none
   */
  readonly alsoChanges?: readonly string[];
}

/**
 * A row that the backfill has changed: its key by property, and the values before and after of the properties
 * that differ. `before` is null for an inserted row, `after` for a deleted one.
 *
 * @publicApi
 */
export interface RowChange {
  readonly [key: string]: unknown;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** A change as the database stores it: names of tables and columns, and values as text. @publicApi */
export interface StoredChange {
  readonly table: string;
  /** The key as JSON, e.g. `{"id":"1"}`. */
  readonly key: string;
  /** The columns that differ; null for an inserted row. */
  readonly before: Readonly<Record<string, string | null>> | null;
  /** The columns that differ; null for a deleted row. */
  readonly after: Readonly<Record<string, string | null>> | null;
}

/** How a run of a rehearsal differs from the next. @publicApi */
export interface RehearsedRunOptions {
  /** Rows in each batch. @default 200 */
  readonly batchSize?: number;
  /**
   * Ends the run as a crash does: its connections close in the middle of a batch, and it releases nothing.
   * @default never
   */
  readonly kill?: AbortSignal;
  /** @default none */
  readonly observer?: BackfillObserver;
}

/** A finished run of a rehearsal. @publicApi */
export interface RehearsedRun {
  readonly report: BackfillReport;
  /** Everything that has changed since `restore`, in all tables of the application. */
  readonly changes: readonly StoredChange[];
}

/** What a property works with: the tables of the rehearsal, and runs of the backfill on them. @publicApi */
export interface RehearsalStage {
  /** The class of the backfill. */
  readonly subject: string;
  readonly dataSource: DataSource;
  /** The table of the entity, quoted. */
  readonly table: string;
  /** Columns that the backfill may change in pending rows; null if it may change any. */
  readonly writes: readonly string[] | null;
  /** Tables whose rows it may change; null if it may change any. */
  readonly tables: readonly string[] | null;
  /** Brings back the rows before the backfill, and forgets all runs. */
  restore(): Promise<void>;
  /** Forgets all runs, so that the next one begins again. The rows stay. */
  forgetRuns(): Promise<void>;
  run(options?: RehearsedRunOptions): Promise<RehearsedRun>;
  /** Up to ten rows that the last run could not change, with their errors. */
  quarantine(): Promise<BackfillStatusReport['quarantine']>;
  /** The keys of the rows that are pending now, as in `StoredChange`. */
  pendingKeys(): Promise<readonly string[]>;
}

/**
 * Tries one property of a backfill. It throws an error that names the property, the row and the batch.
 *
 * @publicApi
 */
export type RehearsalProperty = (stage: RehearsalStage) => Promise<void>;
