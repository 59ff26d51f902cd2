import { quoteLiteral } from '../../postgres/identifiers.js';
import type { RowSelection } from '../batch/row-selection.js';

/**
 * The SQL of a query that counts the pending rows, for a person to run. Its parameters are written as
 * literals.
 */
export function proofQuery(selection: RowSelection): string {
  const { definition, tenants } = selection;
  const { sql, parameters } = definition.pending;
  const pending = sql.replace(/\$(\d+)/g, (_, position: string) =>
    quoteLiteral(parameters[Number(position) - 1] ?? null),
  );
  const scope = tenants ? ` AND ${selection.tenantText} IN (${tenants.map(quoteLiteral).join(', ')})` : '';
  return `SELECT count(*) FROM ${selection.from} WHERE ${pending.replace(/\s*\n\s*/g, ' ')}${scope}`;
}
