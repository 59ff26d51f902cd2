import type { SettingInForce } from '../../ledger/control.ledger.js';
import type { BackfillStatus } from '../../ledger/status.js';
import type { TenantReport } from './report.js';

/** What the ledger knows of one backfill. */
export interface BackfillStatusReport {
  readonly name: string;
  /** Of the declared version; 0 when the ledger has heard of the name only from another deployment. */
  readonly version: number;
  /** False when the ledger has it but this application does not declare it. */
  readonly declared: boolean;
  readonly status: BackfillStatus;
  readonly reason: string;
  /** Over all runs of this version. */
  readonly updated: number;
  readonly skipped: number;
  readonly quarantined: number;
  readonly batches: number;
  /** ISO 8601, the database's clock; null before the first run. */
  readonly startedAt: string | null;
  readonly changedAt: string | null;
  /** Who holds a lease on it now: `host:pid`, else null. */
  readonly leasedBy: string | null;
  readonly waitingFor: string | null;
  /** What people have set while it runs, over what the code says, by name. */
  readonly settings: readonly SettingInForce[];
  /** What rules out that a row becomes pending again: a contract migration, a constraint. While it stands, no row is read to look for any. */
  readonly sealedBy: string | null;
  /** Rows that became pending after it had been complete and were done since, and how often such were found. */
  readonly drift: { readonly rows: number; readonly times: number; readonly lastAt: string | null };
  /** When catch-up last looked for pending rows, and by which index (null: at some keys a look, for want of one); null before the first look. */
  readonly looked: { readonly at: string; readonly index: string | null } | null;
  readonly tenants: readonly TenantReport[];
  /** Up to ten rows of the quarantine. */
  readonly quarantine: readonly {
    readonly key: readonly string[];
    readonly error: string;
    readonly attempts: number;
  }[];
}

/** What the ledgers know. */
export interface StatusReport {
  readonly phase: 'backfill';
  readonly backfills: readonly BackfillStatusReport[];
}
