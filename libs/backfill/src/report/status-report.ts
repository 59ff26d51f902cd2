import type { SettingInForce } from '../ledger/control.ledger.js';
import type { BackfillStatus } from '../ledger/status.js';
import type { TenantReport } from './report.js';

/**
 * What the ledger knows about one backfill. Counts are rows, over all runs of this version.
 *
 * @publicApi
 */
export interface BackfillStatusReport {
  readonly name: string;
  /** The declared version; 0 if the ledger knows the name from another deployment only. */
  readonly version: number;
  /** False if the ledger has the backfill but this application does not declare it. */
  readonly declared: boolean;
  readonly status: BackfillStatus;
  /** Why it has this status, in a sentence. */
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
  /** The process that holds a lease on it now, as `host:pid`; null if none does. */
  readonly leasedBy: string | null;
  /** What a run waits for now; null if it does not wait. */
  readonly waitingFor: string | null;
  /** The settings that a person has changed; they override those in the code. */
  readonly settings: readonly SettingInForce[];
  /**
   * The contract migration or constraint that rules out that a row becomes pending again; null if there is
   * none. While the backfill is sealed, catch-up does not read the table.
   */
  readonly sealedBy: string | null;
  /**
   * Rows that became pending after completion and were changed since, and how often catch-up found such rows.
   */
  readonly drift: { readonly rows: number; readonly times: number; readonly lastAt: string | null };
  /**
   * When catch-up last probed for pending rows, and the index that it used; `index` is null if no index
   * serves the predicate, and catch-up checks some keys each time. Null before the first check.
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

/**
 * What the ledgers of all data sources know.
 *
 * @publicApi
 */
export interface StatusReport {
  readonly phase: 'backfill';
  readonly backfills: readonly BackfillStatusReport[];
}
