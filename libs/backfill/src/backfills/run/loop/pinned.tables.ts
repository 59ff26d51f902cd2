import { findTarget, type Target } from '../../../ledger/target/target.js';
import type { Session } from '../../../postgres/session.js';
import type { BackfillDefinition } from '../../definition/definition.js';

/**
 * The definition with the schema of each table, as the server resolved it at the start of the run. The `search_path` of
 * a connection may change meanwhile, or differ between the connections of a pool: no batch and no proof may then be about
 * another table than the ledger's records. SQL of the application itself resolves its names as before.
 *
 * @param target the table of the ledger's records; one that does not exist keeps its name, for the error about it
 */
export async function pinTables<Definition extends BackfillDefinition>(
  session: Session,
  definition: Definition,
  target: Target,
): Promise<Definition> {
  if (target.tableId === null) return definition;
  const pinned = { ...definition, table: target.name };
  if (pinned.kind !== 'copy') return pinned;
  const into = await findTarget(session, pinned.target);
  if (into.tableId === null) return pinned;
  return { ...pinned, target: into.name, pending: pinned.pendingIn(into.name) };
}
