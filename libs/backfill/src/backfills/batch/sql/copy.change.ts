import type { CopyDefinition } from '../../definition/definition.js';
import type { RowSelection } from '../row-selection.js';
import type { SqlChange } from './sql.change.js';

/** `INSERT INTO target … SELECT … ON CONFLICT DO NOTHING`. */
export function copyChange(selection: RowSelection, { assignments, target }: CopyDefinition): SqlChange {
  const columns = assignments.map(({ column }) => column).join(', ');
  const expressions = assignments.map(({ expression }) => expression).join(', ');
  return {
    rowLock: 'FOR NO KEY UPDATE',
    // INSERT does not report which source row had a conflict. So the batch fails, and the run halves it until
    // it finds that row.
    mustChangeAll: true,
    ctes: [
      `nb_inserted AS (
      INSERT INTO ${target} (${columns})
      SELECT ${expressions}
      FROM nb_selected JOIN ${selection.from} ON ${selection.sameVersion('nb_selected')}
      ON CONFLICT DO NOTHING RETURNING 1
    )`,
    ],
    changed: `SELECT nb_tenant, false AS nb_still_pending FROM nb_selected LIMIT (SELECT pg_catalog.count(*) FROM nb_inserted)`,
  };
}
