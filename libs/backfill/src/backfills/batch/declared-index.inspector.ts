import { boolean } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';

/** The progress view shows the builds of all databases, and databases of one template have the same OIDs. */
const FIND_INDEX = `SELECT i.indisvalid, EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index AS p
    WHERE p.index_relid = i.indexrelid AND p.datname = pg_catalog.current_database())
  FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = pg_catalog.to_regclass($1)::oid AND c.relname = $2`;

/**
 * Checks the index that the backfill declares with `index`.
 *
 * @returns a warning if the index cannot be used; null if it can, or if none is declared
 */
export async function inspectDeclaredIndex(
  session: Session,
  { index, table }: Pick<BackfillDefinition, 'index' | 'table'>,
): Promise<string | null> {
  if (index === null) return null;
  const { name, build } = index;
  const { last } = await session.send([{ text: FIND_INDEX, values: [table, name] }]);
  const found = last.first({ isValid: boolean, isBeingBuilt: boolean });
  if (found?.isValid) return null;
  // The sweep and the proof do not use an index that is built after them.
  if (build === 'after') return null;
  const effect =
    'Until it exists, finding the pending rows and proving that none is left reads the whole table.';
  if (!found) return `The index "${name}" is missing on ${table}. ${effect} Build it first: --indexes.`;
  return found.isBeingBuilt
    ? `The index "${name}" on ${table} is being built right now. ${effect}`
    : `The index "${name}" on ${table} is INVALID after a failed build. ${effect} Build it again: --indexes.`;
}
