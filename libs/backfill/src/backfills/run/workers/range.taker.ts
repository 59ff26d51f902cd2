import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { LeasedRange, LeaseScope } from '../../../ledger/range.js';
import type { RowSelection } from '../../batch/row-selection.js';
import type { RunConnection } from '../connection/run-connection.js';
import { splitLargestRange } from '../../pending/range.splitter.js';

export interface TakingOptions {
  readonly ledger: BackfillLedger;
  readonly selection: RowSelection;
  /** Workers at most, over all processes. */
  readonly most: number;
  /** Among whose leases they are counted. */
  readonly among: LeaseScope;
  /** Ranges that are not wanted. */
  readonly except?: readonly string[];
  /** Asked before another try. */
  readonly goOn: () => boolean;
}

/** A range that nobody holds, or else half of the largest one that somebody sweeps, where one more worker is welcome. */
export async function takeRange(
  connection: RunConnection,
  { ledger, selection, most, among, except = [], goOn }: TakingOptions,
): Promise<LeasedRange | null> {
  const { tenants } = selection;
  do {
    const range = await connection.use((session) =>
      ledger.leases.lease(session, tenants, { maxWorkers: most, among, except }),
    );
    if (range !== null || most === 1) return range;
    const leases = await connection.use((session) => ledger.leases.foreignLeases(session, among));
    if (leases.filter(({ expiresInMs }) => expiresInMs > 0).length >= most) return null;
    if (!(await connection.use((session) => splitLargestRange(session, selection)))) return null;
  } while (goOn());
  return null;
}
