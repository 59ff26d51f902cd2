import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { text } from '../../../postgres/decoders.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import { RowSelection } from '../../batch/row-selection.js';
import { inspectTable } from '../../batch/table.inspector.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import { TOO_SLOW, unlessTooSlow, WHOLE_TABLE_MS } from '../../pending/too-slow.js';

/** Maximum number of tenants that have their own part. The last part, of all rows, includes the others. */
const MAX_TENANTS = 10_000;
/** Percentage of the table's pages that the sample reads. */
const SAMPLE_PERCENT = 1;

export interface PendingTenantsOptions {
  readonly definition: BackfillDefinition;
  readonly ledger: BackfillLedger;
  readonly note: (message: string) => void;
}

/**
 * The tenants with pending rows, in ascending order of their number of pending rows. In a large table, the
 * order comes from a sample.
 */
export async function readPendingTenants(
  session: Session,
  { definition, ledger, note }: PendingTenantsOptions,
): Promise<string[]> {
  const facts = await inspectTable(session, definition);
  const selection = new RowSelection(definition, ledger, facts, null);
  const policy = applyPolicy({ ...definition.pace, statementTimeout: WHOLE_TABLE_MS });
  const read = async (sample: string): Promise<string[]> =>
    (await session.query(policy, pendingTenants(selection, sample))).values(text);
  const counted = await unlessTooSlow(() => read(''));
  if (counted !== TOO_SLOW) return counted;
  note('Counting the rows of each tenant took too long: the order comes from a sample of the table.');
  return read(`TABLESAMPLE SYSTEM (${SAMPLE_PERCENT})`);
}

function pendingTenants(selection: RowSelection, sample: string) {
  const parameters = selection.parameters();
  return {
    text: `SELECT nb_tenant FROM (SELECT ${selection.tenantText} AS nb_tenant FROM ${selection.from} ${sample}
        WHERE ${selection.isPending(parameters)}) AS nb_pending
      WHERE nb_tenant IS NOT NULL GROUP BY nb_tenant ORDER BY pg_catalog.count(*), nb_tenant
      LIMIT ${parameters.add(MAX_TENANTS, 'int')}`,
    values: parameters.values,
  };
}
