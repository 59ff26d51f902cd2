import { nullable, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';

/** A physical table, as the server resolves a name. */
export interface Target {
  /** Schema and table, each quoted where necessary, e.g. `tenant_1.leads`. */
  readonly name: string;
  /**
   * OID of the table, as text. A table that was dropped and made again has another one. Null: the table does not exist.
   */
  readonly tableId: string | null;
}

/** A backfill and its version, on any table. */
export interface TargetedBackfill {
  readonly name: string;
  readonly version: number;
}

/**
 * Resolves the name of a table as statements of this session do.
 *
 * @param table as SQL: quoted, and qualified unless the `search_path` decides. If it does not exist, the target is the
 *   table that CREATE TABLE would make
 */
export async function findTarget(session: Session, table: string): Promise<Target> {
  const { last } = await session.send([
    {
      text: `SELECT coalesce(
            (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c
              JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = found.id),
            pg_catalog.format('%I.%I', coalesce(named.parts[pg_catalog.array_upper(named.parts, 1) - 1], pg_catalog.current_schema(), 'public'),
              named.parts[pg_catalog.array_upper(named.parts, 1)])
          ), found.id::text
        FROM (SELECT pg_catalog.parse_ident($1) AS parts) AS named, (SELECT pg_catalog.to_regclass($1)::oid AS id) AS found`,
      values: [table],
    },
  ]);
  return last.one({ name: text, tableId: nullable(text) });
}

/**
 * The name of a table in the schema in which the application creates its tables, whether it exists or not. It differs
 * from `findTarget` if the `search_path` has another schema with such a table.
 *
 * @param schema of the data source; undefined: the first of the `search_path`
 */
export async function namedTarget(
  session: Session,
  schema: string | undefined,
  table: string,
): Promise<string> {
  const { last } = await session.send([
    {
      text: `SELECT pg_catalog.format('%I.%I', coalesce($1, pg_catalog.current_schema(), 'public'), $2::text)`,
      values: [schema ?? null, table],
    },
  ]);
  return last.value(text);
}

/** The SQL condition that a table with the name of a record's target exists. @param target its column */
export function existsTarget(target: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE pg_catalog.format('%I.%I', n.nspname, c.relname) = ${target})`;
}
