import type { Session } from '../../../postgres/session.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { tenantsWithoutRows } from '../../pending/tenants-without-rows.js';
import type { RunOutcome } from '../outcome/run-outcome.js';
import { noRowOf, nothingPending, rowsInQuarantine } from '../outcome/proof-outcome.js';
import { releaseNoLongerPending } from '../range/quarantine.js';
import type { RunContext } from './run.context.js';
import type { LoopMemory } from './run.states.js';

/** Decides the outcome after the probe found no pending row outside the quarantine. */
export async function concludeProof(run: RunContext, { record, selection }: LoopMemory): Promise<RunOutcome> {
  const { connection, hasStarted, ledger, log, scope } = run;
  const { tenants } = scope;
  const proved = { record, tenants, hasStarted };
  await connection.use((session) => releaseNoLongerPending(session, selection));
  const counts = await connection.use((session) => ledger.progress.counts(session, tenants));
  if (counts.quarantined > 0) return rowsInQuarantine(counts.quarantined, proved);
  if (counts.skipped > 0 || hasStarted)
    await connection.use((session) => ledger.ranges.cleanUpAfterProof(session, tenants));
  const withoutRows =
    (await connection.ask((session) => namedTenantsWithoutRows(run, session, selection))) ?? [];
  if (withoutRows.length > 0) log.note('warn', `${noRowOf(withoutRows)}.`);
  const outcome = nothingPending(proved, withoutRows);
  // Nothing else of the record changes.
  if (outcome.keepsStatus && record.status === 'complete' && tenants === null)
    await connection.use((session) => ledger.status.confirmProof(session));
  return outcome;
}

/**
 * The named tenants that have no row in the table. A tenant with changed rows needs no query, because it has
 * had rows.
 */
async function namedTenantsWithoutRows(
  { ledger, scope }: RunContext,
  session: Session,
  selection: RowSelection,
): Promise<string[]> {
  const { namedTenants } = scope;
  if (namedTenants === null) return [];
  const changed = new Set((await ledger.progress.tenants(session, namedTenants)).map(({ tenant }) => tenant));
  return tenantsWithoutRows(
    session,
    selection,
    namedTenants.filter((tenant) => !changed.has(tenant)),
  );
}
