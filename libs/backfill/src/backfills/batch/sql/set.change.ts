import { quoteIdentifier } from '../../../postgres/identifiers.js';
import { ROW, type SetDefinition } from '../../definition/definition.js';
import type { RowSelection } from '../row-selection.js';
import type { SqlChange } from './sql.change.js';

/** `UPDATE … SET column = expression`. */
export function setChange(selection: RowSelection, definition: SetDefinition): SqlChange {
  const { assignments, table, pending, tenant } = definition;
  const set = assignments.map(({ column, expression }) => `${column} = ${expression}`).join(', ');
  const update = `UPDATE ${table} AS ${ROW} SET ${set}`;
  const stillPending = `(${pending.sql}) IS TRUE AS nb_still_pending, ${ROW}.ctid AS nb_new_row_id`;
  const keepsTenant =
    !tenant || assignments.every(({ column }) => column !== quoteIdentifier(tenant.databaseName));
  return {
    rowLock: 'FOR NO KEY UPDATE',
    // A trigger may prevent a change, and the statement may miss the newest version of a row. The settling
    // pass tries such rows again.
    mustChangeAll: false,
    updatesRows: true,
    ctes: [],
    changed: `${update} FROM nb_selected WHERE ${selection.sameVersion('nb_selected')} RETURNING nb_selected.nb_tenant, ${stillPending}`,
    // RETURNING reads the tenant from the new version of the row, so the change must not write it.
    ...(keepsTenant && {
      changedWhere: (condition) =>
        `${update} WHERE ${condition} RETURNING ${selection.tenantText} AS nb_tenant, ${stillPending}`,
    }),
  };
}
