import type { Ledger } from '../../ledger/ledger.js';
import type { TenantScope } from '../../ledger/range.js';
import { classifyDatabaseError } from '../../postgres/error-classes.js';
import { READ_ONLY_WAITS, readOnlyCause } from '../../postgres/server/read-access.js';
import { Session } from '../../postgres/session.js';
import { RowSelection } from '../batch/row-selection.js';
import { inspectTable } from '../batch/table.inspector.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { describeTableLock } from '../pending/lock-holders.js';
import { InvalidStatementError, PlanBlockedError } from '../run.error.js';
import { ledgerForPlan, type PlanLedger } from './plan.ledger.js';
import { PLAN_TIMEOUTS } from './rehearsal/plan-timeouts.js';

/**
 * Opens a session for a plan, with the rows that a run would change and the timeouts of a plan.
 *
 * @param options `schema`: that of the ledger, not quoted
 *
 * @throws TableMismatchError if the table or a column does not exist
 * @throws InvalidStatementError if PostgreSQL rejects the SQL of the backfill
 * @throws PlanBlockedError if another session locks the table, or the server executes no changes
 */
export async function withPlanSelection<T>(
  definition: BackfillDefinition,
  {
    ledger,
    schema,
    tenants,
  }: { readonly ledger: Ledger; readonly schema: string; readonly tenants: TenantScope },
  work: (session: Session, selection: RowSelection, planLedger: PlanLedger) => Promise<T>,
): Promise<T> {
  const session = await Session.open(definition.dataSource);
  try {
    const withPlanTimeouts = { ...definition, pace: { ...definition.pace, ...PLAN_TIMEOUTS } };
    const facts = await inspectTable(session, withPlanTimeouts);
    const planLedger = await ledgerForPlan(session, definition, { ledger, schema });
    const ownLedger = planLedger.ledger.of(definition);
    await ownLedger.locate(session);
    return await work(session, new RowSelection(withPlanTimeouts, ownLedger, facts, tenants), planLedger);
  } catch (error) {
    const { name, table } = definition;
    const errorClass = classifyDatabaseError(error);
    if (errorClass === 'programming') throw new InvalidStatementError(name, error);
    if (errorClass === 'lock')
      throw new PlanBlockedError(name, await describeTableLock(session, table), error);
    const cause = errorClass === 'busy' ? await readOnlyCause(session) : null;
    throw cause === null ? error : new PlanBlockedError(name, READ_ONLY_WAITS[cause], error);
  } finally {
    await session.close();
  }
}
