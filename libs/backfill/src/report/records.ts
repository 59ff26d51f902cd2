import type { RecordedBackfill } from '../ledger/records/overview.ledger.js';
import type { BackfillStatus } from '../ledger/status.js';
import type { BackfillKind } from './backfill-kind.js';

/** One backfill in a list of all: what the ledger records about the table of the application. @publicApi */
export interface BackfillOverview extends RecordedBackfill {
  readonly name: string;
  /** The declared version. */
  readonly version: number;
  /** False if the ledger has the backfill but this application does not declare it. */
  readonly declared: boolean;
  /** Name of the data source. */
  readonly dataSource: string;
  /** Null if it is not declared and has never run. */
  readonly kind: BackfillKind | null;
  /** The table, as `schema.table`; null if it is not known. */
  readonly target: string | null;
  /** The names of the backfills that must be complete before. */
  readonly dependsOn: readonly string[];
  /** The completed share, from 0 to 1; null if not known. */
  readonly fraction: number | null;
  /** Estimated milliseconds for the remaining rows; null if not known. */
  readonly remainingMs: number | null;
  /** The number of tables in the ledger, in total and by status. */
  readonly targets: {
    readonly total: number;
    readonly byStatus: Readonly<Partial<Record<BackfillStatus, number>>>;
  };
}

/** All backfills. @publicApi */
export interface OverviewReport {
  /** The declared ones in the order of their dependencies, then those that are only in the ledger. */
  readonly backfills: readonly BackfillOverview[];
  /** Data sources whose ledger could not be read, with the error. */
  readonly unreadable: readonly { readonly dataSource: string; readonly error: string }[];
}

/** A part of a list. @publicApi */
export interface RecordPage<Item> {
  readonly items: readonly Item[];
  /** The number of items in the whole list. */
  readonly total: number;
}

/** An entry of the history: a change of the status or of a setting, or an event of a run. @publicApi */
export interface HistoryEntry {
  /** ISO 8601, the database's clock. */
  readonly at: string;
  /** `status`, the name of a setting, or the type of an event. */
  readonly what: string;
  /** The former status; null for other entries. */
  readonly before: string | null;
  /** The new status or value; null for an event. */
  readonly after: string | null;
  readonly reason: string | null;
  /** A person, or a process as `host:pid:run`. */
  readonly actor: string;
}

/** The columns by which tenants can be sorted. @publicApi */
export type TenantSort = 'tenant' | 'updated' | 'skipped' | 'quarantined' | 'lastTouchedAt';

/** Selects tenants. @publicApi */
export interface TenantQuery {
  /** Only tenants whose name contains this text, in capital or small letters. @default all */
  readonly search?: string;
  /** @default 'updated' */
  readonly sort?: TenantSort;
  /** @default 'descending' */
  readonly order?: 'ascending' | 'descending';
  /** From 1 to 1,000. @default 100 */
  readonly limit?: number;
  /** @default 0 */
  readonly offset?: number;
}

/** Rows in quarantine with the same error, apart from its numbers and quoted values. @publicApi */
export interface QuarantineGroup {
  /** The error without its numbers and quoted values. */
  readonly error: string;
  /** The whole error of one of the rows. */
  readonly example: string;
  /** SQLSTATE; null if it is not an error of the database. */
  readonly code: string | null;
  readonly rows: number;
  /** Up to 20 keys, one text per key column. */
  readonly keys: readonly (readonly string[])[];
  /** ISO 8601, the database's clock. */
  readonly lastTriedAt: string;
}

/** Selects rows in quarantine. @publicApi */
export interface QuarantineQuery {
  /** Only rows with this error, as `QuarantineGroup` has it. @default all */
  readonly error?: string | null;
  /** Only rows with these keys, at most 1,000. @default all */
  readonly keys?: readonly (readonly string[])[];
  /** From 1 to 1,000. @default 100 */
  readonly limit?: number;
  /** @default 0 */
  readonly offset?: number;
}

/** A row in quarantine. @publicApi */
export interface QuarantinedRow {
  /** One text per key column. */
  readonly key: readonly string[];
  /** Null without `tenant`, and for a row whose tenant is NULL. */
  readonly tenant: string | null;
  readonly error: string;
  /** SQLSTATE; null if it is not an error of the database. */
  readonly code: string | null;
  readonly attempts: number;
  /** ISO 8601, the database's clock. */
  readonly firstTriedAt: string;
  /** ISO 8601, the database's clock. */
  readonly lastTriedAt: string;
}

/** A range of a backfill that is not done, and the process that works on it. @publicApi */
export interface RangeRecord {
  readonly id: string;
  readonly purpose: 'sweep' | 'retry';
  readonly state: 'sweeping' | 'settling' | 'done';
  /** The tenants of the run; null for all rows. */
  readonly tenants: readonly string[] | null;
  /** Exclusive; null: from the first key. A JSON array with one text per key column. */
  readonly lower: string | null;
  /** Inclusive. */
  readonly upper: string | null;
  /** The position that the sweep has reached. */
  readonly cursor: string | null;
  /** The process, as `host:pid:run`; null if the range is free. */
  readonly leasedBy: string | null;
  /** ISO 8601, the database's clock. */
  readonly leaseExpiresAt: string | null;
  readonly updated: number;
  readonly batches: number;
}

/** The progress of a run at one time, over all its processes. @publicApi */
export interface SamplePoint {
  /** ISO 8601, the database's clock. */
  readonly at: string;
  readonly rowsPerSecond: number;
  /** Null if not known. */
  readonly remaining: number | null;
  /** Rows of the last batch; null before the first one. */
  readonly batchSize: number | null;
  /** The share of the time since the last point in which throttles held the run, from 0 to 1. */
  readonly throttled: number;
  /** Null if the run was changing rows. */
  readonly waitingFor: string | null;
}

/** A round of catch-up in one database. @publicApi */
export interface RoundRecord {
  /** Name of the data source. */
  readonly dataSource: string;
  /** The name of the job in the `SchedulerRegistry`. */
  readonly job: string;
  /** The process, as `host:pid`. */
  readonly process: string;
  /** ISO 8601, the database's clock. */
  readonly startedAt: string;
  /** ISO 8601, the database's clock. */
  readonly endedAt: string;
  /** Backfills that were inspected. */
  readonly inspected: number;
  /** Backfills that were due, and ran. */
  readonly ran: number;
  /** Rows changed. */
  readonly updated: number;
  /** Backfills that failed, or could not be inspected. */
  readonly failed: number;
  /** The first error or reason of these; null if there is none. */
  readonly problem: string | null;
}

/** How a backfill is declared. @publicApi */
export interface BackfillDeclaration {
  readonly name: string;
  readonly version: number;
  readonly kind: BackfillKind;
  /** The name of the class with `@Backfill`. */
  readonly className: string;
  readonly dataSource: string;
  /** Quoted and qualified. */
  readonly table: string;
  /** The pending predicate, as messages show it. */
  readonly where: string;
  /** Columns of the primary key. */
  readonly key: readonly string[];
  /** The column of the tenant; null without `tenant`. */
  readonly tenant: string | null;
  readonly dependsOn: readonly string[];
  /** The declared index on the pending rows; null if there is none. */
  readonly index: string | null;
  /** Settings of the pace as declared, in text. */
  readonly pace: Readonly<Record<string, string>>;
}
