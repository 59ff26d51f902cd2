import { boolean, text } from '../../../postgres/decoders.js';
import { sqlState } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { mentionsColumn } from '../../definition/column-mentions.js';
import type { BackfillDefinition } from '../../definition/definition.js';

/** undefined_column, undefined_table */
const IS_MISSING: ReadonlySet<string> = new Set(['42703', '42P01']);

/** Whether a statement failed because a column or a table does not exist, of the backfill or another one. */
export function isMissingPart(error: unknown): boolean {
  return IS_MISSING.has(sqlState(error) ?? '');
}

/**
 * What the catalogue does not have of the backfill's own table: the table itself, or a column of the entity that the
 * predicate names. Null if it has all of them: then something else is missing that the predicate reads.
 */
export async function readMissingPart(
  session: Session,
  { table, metadata, pending }: Pick<BackfillDefinition, 'table' | 'metadata' | 'pending'>,
): Promise<string | null> {
  const names = metadata.columns
    .map(({ databaseName }) => databaseName)
    .filter((name) => mentionsColumn(pending.text, name));
  const result = await session.send([
    { text: 'SELECT pg_catalog.to_regclass($1) IS NOT NULL', values: [table] },
    {
      text: `SELECT name FROM pg_catalog.json_array_elements_text($2::json) AS name WHERE NOT EXISTS (
          SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = pg_catalog.to_regclass($1)::oid AND a.attname = name AND NOT a.attisdropped)`,
      values: [table, JSON.stringify(names)],
    },
  ]);
  if (!result.at(0).value(boolean)) return `the table ${table} does not exist`;
  const [column] = result.last.values(text);
  return column === undefined ? null : `the column "${column}" of ${table} does not exist`;
}
