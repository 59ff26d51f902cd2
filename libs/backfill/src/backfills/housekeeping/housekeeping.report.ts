import type { PrunedRecords } from '../../ledger/records/pruning.ledger.js';
import type { NamedRecords } from '../../ledger/records/removal.ledger.js';

/** The result of `--prune`. @publicApi */
export interface PruneReport {
  readonly phase: 'backfill';
  /** The age up to which records were kept, in milliseconds. */
  readonly keepMs: number;
  /** The ledger of each data source. One without a ledger has no entry. */
  readonly pruned: readonly (PrunedRecords & { readonly dataSource: string })[];
}

/** What the ledger had about a removed backfill. @publicApi */
export interface ForgottenBackfill extends Pick<NamedRecords, 'statuses' | 'quarantined'> {
  readonly dataSource: string;
  readonly name: string;
}

/** The result of `--forget`. @publicApi */
export interface ForgetReport {
  readonly phase: 'backfill';
  readonly forgotten: readonly ForgottenBackfill[];
}
