import type { SettingInForce } from '../ledger/control.ledger.js';
import type { ReportedPace } from '../ledger/rows/pace.ledger.js';
import type { BackfillStatus } from '../ledger/status.js';
import type { TenantReport } from './report.js';

/**
 * The ledger's data about one backfill. Counts are rows, over all runs of this version.
 *
 * @publicApi
 */
export interface BackfillStatusReport {
  readonly name: string;
  /** The declared version; 0 if this application does not declare the backfill. */
  readonly version: number;
  /** The table that the report is about, as `schema.table`; null if its schema is not known. */
  readonly target: string | null;
  /** The same backfill on other tables, e.g. in the schemas of other tenants. */
  readonly otherTargets: {
    readonly total: number;
    /** How many of them are complete. */
    readonly complete: number;
    /** Up to 100 of them: those that are not complete come first, each group by the names of the tables. */
    readonly first: readonly TargetStatus[];
  };
  /** False if the ledger has the backfill but this application does not declare it. */
  readonly declared: boolean;
  readonly status: BackfillStatus;
  /** The reason for the status, as a sentence. */
  readonly reason: string;
  /** Rows changed. */
  readonly updated: number;
  /** Rows that another session had locked; they are still pending. */
  readonly skipped: number;
  /** Rows that could not be changed. */
  readonly quarantined: number;
  /** Batches committed. */
  readonly batches: number;
  /** ISO 8601, the database's clock; null before the first run. */
  readonly startedAt: string | null;
  /** The last change of the status. ISO 8601, the database's clock; null before the first run. */
  readonly changedAt: string | null;
  /**
   * When a probe last proved that no row is pending. ISO 8601, the database's clock; null unless the status is
   * `complete`. Rows may have become pending since.
   */
  readonly provedAt: string | null;
  /** The process that holds a lease on it now, as `host:pid`; null if none does. */
  readonly leasedBy: string | null;
  /** The cause of the current wait of a run; null if no run is waiting. */
  readonly waitingFor: string | null;
  /** What limits the speed of the run that works on it now; null if none runs, or in its first second. */
  readonly pace: ReportedPace | null;
  /** The settings that a person has changed; they override those in the code. */
  readonly settings: readonly SettingInForce[];
  /**
   * The contract migration or constraint that prevents rows from becoming pending again; null if there is
   * none. While the backfill is sealed, catch-up does not read the table.
   */
  readonly sealedBy: string | null;
  /**
   * Rows that became pending after completion (drift). `rows`: how many of them were changed; `times`: how
   * often catch-up found such rows; `lastAt`: the last time (ISO 8601), null if never.
   */
  readonly drift: { readonly rows: number; readonly times: number; readonly lastAt: string | null };
  /**
   * The last probe of catch-up for pending rows: its time `at` (ISO 8601), and the `index` that it used.
   * `index` is null if no index finds the pending rows; catch-up then checks some keys each time. Null before
   * the first probe.
   */
  readonly looked: { readonly at: string; readonly index: string | null } | null;
  /** One entry per tenant; empty without `tenant`. */
  readonly tenants: readonly TenantReport[];
  /** Up to ten rows of the quarantine. */
  readonly quarantine: readonly {
    /** One text per key column. */
    readonly key: readonly string[];
    readonly error: string;
    readonly attempts: number;
  }[];
}

/** The status of a backfill on one of its tables. @publicApi */
export interface TargetStatus {
  /** The table, as `schema.table`. */
  readonly target: string;
  readonly status: BackfillStatus;
  /** The reason for the status, as a sentence. */
  readonly reason: string;
  /** The last change of the status. ISO 8601, the database's clock. */
  readonly changedAt: string;
}

/**
 * The data of the ledgers of all data sources.
 *
 * @publicApi
 */
export interface StatusReport {
  readonly phase: 'backfill';
  readonly backfills: readonly BackfillStatusReport[];
}
