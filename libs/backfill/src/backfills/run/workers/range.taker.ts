import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { LeasedRange, LeaseScope } from '../../../ledger/range.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { splitLargestRange } from '../../pending/range.splitter.js';
import type { RunConnection } from '../connection/run-connection.js';

export interface TakeRangeOptions {
  readonly ledger: BackfillLedger;
  readonly selection: RowSelection;
  /** The maximum number of workers in all processes together. */
  readonly maxWorkers: number;
  /** The scope whose leases count as workers. */
  readonly leaseScope: LeaseScope;
  /** Ids of ranges that are not taken. */
  readonly except?: readonly string[];
  /** Called before each further attempt. */
  readonly canContinue: () => boolean;
}

/**
 * Leases a free range. If there is none, splits the largest range that a worker sweeps and leases its second
 * half.
 *
 * @returns null if no range is free and none can be split, or if the maximum number of workers is reached
 */
export async function takeRange(
  connection: RunConnection,
  { ledger, selection, maxWorkers, leaseScope, except = [], canContinue }: TakeRangeOptions,
): Promise<LeasedRange | null> {
  const { tenants } = selection;
  do {
    const range = await connection.use((session) =>
      ledger.leases.lease(session, tenants, { maxWorkers, leaseScope, except }),
    );
    if (range !== null || maxWorkers === 1) return range;
    const leases = await connection.use((session) => ledger.leases.foreignLeases(session, leaseScope));
    if (leases.filter(({ expiresInMs }) => expiresInMs > 0).length >= maxWorkers) return null;
    if (!(await connection.use((session) => splitLargestRange(session, selection)))) return null;
  } while (canContinue());
  return null;
}
