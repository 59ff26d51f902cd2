import { ROW, type PurgeDefinition } from '../../definition/definition.js';
import type { RowSelection } from '../row-selection.js';
import type { SqlChange } from './sql.change.js';

/** `DELETE`. */
export function purgeChange(selection: RowSelection, { table }: PurgeDefinition): SqlChange {
  const remove = `DELETE FROM ${table} AS ${ROW}`;
  return {
    rowLock: 'FOR UPDATE',
    // A trigger may prevent a delete. The settling pass tries such a row again.
    mustChangeAll: false,
    ctes: [],
    changed: `${remove} USING nb_selected WHERE ${selection.sameVersion('nb_selected')}
      RETURNING nb_selected.nb_tenant, false AS nb_still_pending`,
    changedWhere: (condition) =>
      `${remove} WHERE ${condition} RETURNING ${selection.tenantText} AS nb_tenant, false AS nb_still_pending`,
  };
}
