import { quotePath } from '../../postgres/identifiers.js';
import { coversTable } from './refusal.js';
import type { SendQuery } from './row-counters.js';

interface TableName {
  readonly schema?: string;
  readonly name: string;
}

const PARENTS = `
  WITH RECURSIVE above AS (
    SELECT t.name AS child, pg_catalog.to_regclass(t.name)::oid AS id FROM pg_catalog.unnest($1::text[]) t (name)
    UNION SELECT a.child, i.inhparent FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.id)
  SELECT a.child, n.nspname AS schema, c.relname AS name
    FROM above a JOIN pg_catalog.pg_class c ON c.oid = a.id JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;

/** @returns those of the tables that are partitions or children of an exempt table */
export async function partitionsOf(
  query: SendQuery,
  tables: readonly TableName[],
  exemptTables: readonly string[],
): Promise<readonly string[]> {
  const quoted = ({ schema, name }: TableName) =>
    schema === undefined ? quotePath(name) : quotePath(schema, name);
  const parents = await query(PARENTS, [tables.map(quoted)]);
  return tables
    .filter((table) =>
      parents.some(
        ({ child, schema, name }) =>
          child === quoted(table) &&
          exemptTables.some((listed) => coversTable(listed, { schema: String(schema), name: String(name) })),
      ),
    )
    .map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`));
}
