import type { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';

const FIND = `SELECT i.indisvalid::text, EXISTS (SELECT FROM pg_stat_progress_create_index AS p WHERE p.index_relid = i.indexrelid)::text
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
  WHERE i.indrelid = to_regclass($1) AND c.relname = $2`;

/**
 * Looks the index up that the backfill names.
 *
 * @returns a warning where it cannot serve; null when it can, or when none is named
 */
export async function inspectDeclaredIndex(
  session: Session,
  { index, table }: Pick<BackfillDefinition, 'index' | 'table'>,
): Promise<string | null> {
  if (index === null) return null;
  const { rows } = await session.send([{ text: FIND, values: [table, index] }]);
  const [valid, building] = rows[0]?.[0] ?? [];
  const why = 'Until it is there, finding the pending rows and proving that none is left reads the table.';
  if (valid === undefined)
    return `The index "${index}" is missing on ${table}. ${why} Build it first: --indexes.`;
  if (valid === 'true') return null;
  return building === 'true'
    ? `The index "${index}" on ${table} is being built at this moment. ${why}`
    : `The index "${index}" on ${table} is INVALID, left behind by a broken build. ${why} Build it again: --indexes.`;
}
