import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { RowSelection } from '../batch/row-selection.js';
import { queryWithin, TOO_SLOW, WHOLE_TABLE_MS } from './too-slow.js';

/**
 * Finds the tenants that have no row in the table. Each query is fast if an index begins with the tenant
 * column. Otherwise the search ends after `WHOLE_TABLE_MS`, and the result covers only the tenants checked
 * until then.
 */
export async function tenantsWithoutRows(
  session: Session,
  { definition, ledger, facts }: RowSelection,
  tenants: readonly string[],
): Promise<string[]> {
  const deadline = performance.now() + WHOLE_TABLE_MS;
  const without: string[] = [];
  for (const tenant of tenants) {
    const remainingMs = Math.round(deadline - performance.now());
    if (remainingMs <= 0) break;
    const selection = new RowSelection(definition, ledger, facts, [tenant]);
    const parameters = new Parameters();
    const result = await queryWithin(remainingMs, session, selection, {
      text: `SELECT 1 FROM ${selection.from} WHERE ${selection.isOfTenants(parameters)} LIMIT 1`,
      values: parameters.values,
    });
    if (result === TOO_SLOW) break;
    if (result.rows.length === 0) without.push(tenant);
  }
  return without;
}
