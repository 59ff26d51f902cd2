import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import type { RowSelection } from '../../batch/row-selection.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import { countPending } from '../../pending/pending.counter.js';
import { proofQuery } from '../../pending/proof-query.js';
import type { BackfillReport } from '../../../report/report.js';
import type { RunConnection } from '../connection/run-connection.js';

/** The part of a report that describes the rows of the table, not the work of the run. */
export type RunNumbers = Pick<BackfillReport, 'skipped' | 'quarantined' | 'remaining' | 'proof' | 'tenants'>;

/** For a report that contains only the work of the run. */
export const NO_NUMBERS: RunNumbers = { skipped: 0, quarantined: 0, remaining: null, proof: '', tenants: [] };

export interface NumbersRequest {
  readonly definition: Pick<BackfillDefinition, 'tenant'>;
  readonly ledger: BackfillLedger;
  /** Null if the run ended before the table was inspected. */
  readonly selection: RowSelection | null;
  readonly tenants: TenantScope;
  /** Whether no row is pending. Then the pending rows are not counted. */
  readonly proved: boolean;
}

/** Reads the numbers. A number that the database does not return has its value in `NO_NUMBERS`. */
export async function readRunNumbers(
  connection: RunConnection,
  { definition, ledger, selection, tenants, proved }: NumbersRequest,
): Promise<RunNumbers> {
  const counts = await connection.ask((session) => ledger.progress.counts(session, tenants));
  const remaining = proved
    ? { rows: 0, isEstimate: false }
    : selection && (await connection.ask((session) => countPending(session, selection)));
  return {
    skipped: counts?.skipped ?? 0,
    quarantined: counts?.quarantined ?? 0,
    remaining: remaining && !remaining.isEstimate ? remaining.rows : null,
    proof: selection ? proofQuery(selection) : '',
    tenants: definition.tenant
      ? ((await connection.ask((session) => ledger.progress.tenants(session, tenants))) ?? [])
      : [],
  };
}
