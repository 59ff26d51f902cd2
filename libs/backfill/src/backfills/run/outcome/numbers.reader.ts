import type { TenantScope } from '../../../ledger/range.js';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { Session } from '../../../postgres/session.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { countPending } from '../../pending/pending.counter.js';
import { proofQuery } from '../../pending/proof-query.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import type { BackfillReport } from '../../report/report.js';

/** What a report tells beside what its run did. */
export type BackfillNumbers = Pick<
  BackfillReport,
  'skipped' | 'quarantined' | 'remaining' | 'proof' | 'tenants'
>;

/** Of a run that has nothing to tell but what it did. */
export const NO_NUMBERS: BackfillNumbers = {
  skipped: 0,
  quarantined: 0,
  remaining: null,
  proof: '',
  tenants: [],
};

/**
 * How the rows of the selection stand.
 *
 * @param ask returns null where the question cannot be answered any more, which is then left out
 * @param selection null where the table was not looked at
 * @param proved nothing is pending, so that nothing need be counted
 */
export async function readNumbers(
  ask: <T>(question: (session: Session) => Promise<T>) => Promise<T | null>,
  { progress }: BackfillLedger,
  { tenant }: Pick<BackfillDefinition, 'tenant'>,
  selection: RowSelection | null,
  tenants: TenantScope,
  proved: boolean,
): Promise<BackfillNumbers> {
  const counts = await ask((session) => progress.counts(session, tenants));
  const remaining = proved
    ? { rows: 0, isEstimate: false }
    : selection && (await ask((session) => countPending(session, selection)));
  return {
    skipped: counts?.skipped ?? 0,
    quarantined: counts?.quarantined ?? 0,
    remaining: remaining && !remaining.isEstimate ? remaining.rows : null,
    proof: selection ? proofQuery(selection) : '',
    tenants: tenant ? ((await ask((session) => progress.tenants(session, tenants))) ?? []) : [],
  };
}
