import {
  columnsProvenByText,
  isUtcZone,
  type KnownColumn,
  type KnownTable,
  type LockCatalog,
  type LockLookups,
  type SequenceUser,
  typeOfText,
} from 'nestjs-backfill-sql';
import type { DataSource } from 'typeorm';
import { quotePath } from '../../postgres/identifiers.js';
import type { SendQuery } from '../guard/row-counters.js';

/** A table up to both bounds is small: a scan of it ends before anybody notices. */
export const SMALL_TABLE = { rows: 10_000, bytes: 8 * 1024 * 1024 } as const;

interface TableName {
  readonly schema?: string;
  readonly name: string;
}

/** What is known without the database: the columns that the entities of the application read. */
export function catalogOfEntities(dataSource: DataSource): LockCatalog {
  return {
    table: () => undefined,
    tableOfIndex: () => undefined,
    isVolatile: () => undefined,
    isConstrainedDomain: () => undefined,
    readerOf: (table, column) => readerOf(dataSource, table, column),
  };
}

function readerOf(dataSource: DataSource, table: TableName, column: string): string | undefined {
  const entity = dataSource.entityMetadatas.find(
    ({ tableName, schema }) =>
      tableName === table.name &&
      (schema === undefined || table.schema === undefined || schema === table.schema),
  );
  const isRead = entity?.columns.some(({ databaseName, isVirtual }) => databaseName === column && !isVirtual);
  return isRead === true ? `the entity ${entity?.targetName ?? ''}` : undefined;
}

/** It takes no lock on the relations, and reads no row. */
const RELATIONS = `
  SELECT r.name, c.relkind AS kind, pg_catalog.current_setting('TimeZone') AS zone,
         i.relname AS table_name, n.nspname AS table_schema,
         (SELECT pg_catalog.json_agg(a.attname) FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)) AS index_columns, c.reltuples::float8 AS rows,
         NOT c.relispopulated AS is_empty,
         NOT c.relrowsecurity AND c.relkind <> 'f'
           AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AS countable,
         (SELECT pg_catalog.json_build_object('schema', dn.nspname, 'name', d.relname)
            FROM pg_catalog.pg_partitioned_table t JOIN pg_catalog.pg_class d ON d.oid = t.partdefid
            JOIN pg_catalog.pg_namespace dn ON dn.oid = d.relnamespace WHERE t.partrelid = c.oid) AS default_partition,
         CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(c.oid)
              WHEN c.relkind = 'p' THEN (SELECT pg_catalog.sum(pg_catalog.pg_table_size(t.relid))
                                           FROM pg_catalog.pg_partition_tree(c.oid) t) END::float8 AS bytes,
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                   'name', a.attname,
                   'type', (SELECT CASE WHEN y.typtype = 'd' THEN pg_catalog.format_type(y.typbasetype, y.typtypmod)
                                        ELSE pg_catalog.format_type(a.atttypid, a.atttypmod) END
                              FROM pg_catalog.pg_type y WHERE y.oid = a.atttypid), 'notNull', a.attnotnull, 'isIdentity', a.attidentity <> '',
                   'isIndexed', EXISTS (SELECT FROM pg_catalog.pg_index x
                                         WHERE x.indrelid = c.oid AND a.attnum = ANY (x.indkey)),
                   'isChecked', EXISTS (SELECT FROM pg_catalog.pg_constraint k
                                         WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated
                                           AND a.attnum = ANY (k.conkey))))
            FROM pg_catalog.pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                   'name', k.conname, 'text', pg_catalog.pg_get_expr(k.conbin, k.conrelid)))
            FROM pg_catalog.pg_constraint k
           WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.convalidated) AS checks,
         (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('column', a.attname,
                   'table', pg_catalog.json_build_object('schema', un.nspname, 'name', u.relname)))
            FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_attrdef f ON f.oid = p.objid
            JOIN pg_catalog.pg_class u ON u.oid = f.adrelid JOIN pg_catalog.pg_namespace un ON un.oid = u.relnamespace
            JOIN pg_catalog.pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
           WHERE c.relkind = 'S' AND p.refobjid = c.oid AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
             AND p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass) AS used_by
    FROM pg_catalog.unnest($1::text[]) r (name)
    LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(r.name)::oid
    LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = c.oid
    LEFT JOIN pg_catalog.pg_class i ON i.oid = x.indrelid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace`;

const FUNCTIONS = `
  SELECT p.proname AS name, pg_catalog.bool_or(p.provolatile = 'v') AS is_volatile
    FROM pg_catalog.pg_proc p WHERE p.proname = ANY ($1) GROUP BY p.proname`;

/** A domain that is based on a domain with constraints has them too. */
const DOMAINS = `
  WITH RECURSIVE bases AS (
    SELECT t.typname, t.oid, t.typbasetype, t.typtypmod, t.typnotnull FROM pg_catalog.pg_type t
     WHERE t.typname = ANY ($1) AND t.typtype = 'd'
    UNION ALL
    SELECT b.typname, t.oid, t.typbasetype, t.typtypmod, t.typnotnull
      FROM bases b JOIN pg_catalog.pg_type t ON t.oid = b.typbasetype AND t.typtype = 'd')
  SELECT b.typname AS name, pg_catalog.bool_or(b.typnotnull OR k.oid IS NOT NULL) AS is_constrained,
         CASE WHEN pg_catalog.count(DISTINCT b.oid) = 1
              THEN pg_catalog.min(pg_catalog.format_type(b.typbasetype, b.typtypmod)) END AS base
    FROM bases b LEFT JOIN pg_catalog.pg_constraint k ON k.contypid = b.oid GROUP BY b.typname`;

type Row = Record<string, unknown>;

/** Reads what the database knows about the relations, functions and types of a statement. */
export async function readLockCatalog(
  query: SendQuery,
  dataSource: DataSource,
  { tables, indexes, functions, types }: LockLookups,
): Promise<LockCatalog> {
  const ofIndexes = await readRelations(query, indexes);
  const indexed = [...ofIndexes.values()].map(indexedTable).filter((table) => table !== undefined);
  const named = await readRelations(query, [...tables, ...indexed]);
  const defaults = [...named.values()].flatMap(
    ({ default_partition: rest }) => (rest ?? []) as TableName | [],
  );
  const relations = new Map([...named, ...(await readRelations(query, defaults))]);
  const known = new Map<string, KnownTable | null>();
  for (const [name, row] of relations) known.set(name, await knownTable(query, name, row));
  const [anyRow] = relations.values();
  const volatile = functions.length === 0 ? [] : await query(FUNCTIONS, [functions.map(lastPart)]);
  const domains = types.length === 0 ? [] : await query(DOMAINS, [[...types]]);
  return {
    table: (name) => known.get(quoted(name)),
    tableOfIndex: (name) => {
      const row = ofIndexes.get(quoted(name));
      return row === undefined ? undefined : (indexedTable(row) ?? null);
    },
    columnsOfIndex: (name) =>
      (ofIndexes.get(quoted(name))?.['index_columns'] ?? undefined) as readonly string[] | undefined,
    isVolatile: (name) =>
      volatile.find((row) => row['name'] === name)?.['is_volatile'] as boolean | undefined,
    isConstrainedDomain: (name) =>
      domains.some((row) => row['name'] === name && row['is_constrained'] === true),
    baseOfFreeDomain: (name) => {
      const domain = domains.find((row) => row['name'] === name && row['is_constrained'] !== true);
      return typeof domain?.['base'] === 'string' ? typeOfText(domain['base']) : undefined;
    },
    readerOf: (table, column) => readerOf(dataSource, table, column),
    isUtc: isUtcZone(String(anyRow?.['zone'])),
  };
}

async function readRelations(
  query: SendQuery,
  tables: readonly TableName[],
): Promise<ReadonlyMap<string, Row>> {
  const names = [...new Set(tables.map(quoted))];
  const rows = names.length === 0 ? [] : await query(RELATIONS, [names]);
  return new Map(rows.map((row) => [String(row['name']), row]));
}

async function knownTable(query: SendQuery, name: string, row: Row): Promise<KnownTable | null> {
  if (row['kind'] === null) return null;
  const checks = (row['checks'] ?? []) as readonly { readonly name: string; readonly text: string }[];
  const proofs = await Promise.all(
    checks.map(async (check) => ({ ...check, columns: await columnsProvenByText(check.text) })),
  );
  const columns = (row['columns'] ?? []) as readonly (KnownColumn & { name: string; type: string })[];
  const isSmall = await isSmallTable(query, name, row);
  return {
    ...(isSmall !== undefined && { isSmall }),
    hasCheck: checks.length > 0,
    checks: checks.map((check) => check.name),
    ...(row['kind'] === 'S' && { usedBy: (row['used_by'] ?? []) as readonly SequenceUser[] }),
    isPartitioned: row['kind'] === 'p',
    ...(row['default_partition'] !== null && { defaultPartition: row['default_partition'] as TableName }),
    columns: new Map(
      columns.map(({ name: column, type, notNull, ...flags }): [string, KnownColumn] => [
        column,
        {
          type: typeOfText(type),
          notNull: notNull === true,
          isIndexed: flags.isIndexed === true,
          isIdentity: flags.isIdentity === true,
          isChecked: flags.isChecked === true,
          provenBy: proofs.filter(({ columns }) => columns.includes(column)).map((proof) => proof.name),
        },
      ]),
    ),
  };
}

/**
 * It counts up to the bound, because statistics can be missing. The number of bytes bounds what it reads.
 *
 * @returns undefined if the size is not known
 */
async function isSmallTable(query: SendQuery, name: string, row: Row): Promise<boolean | undefined> {
  if (row['bytes'] === null) return undefined;
  if (Number(row['bytes']) > SMALL_TABLE.bytes) return false;
  if (row['is_empty'] === true) return true;
  if (row['countable'] !== true)
    return Number(row['rows']) < 0 ? undefined : Number(row['rows']) <= SMALL_TABLE.rows;
  const [counted] = await query(
    `SELECT pg_catalog.count(*)::int AS rows FROM (SELECT FROM ${name} LIMIT ${SMALL_TABLE.rows + 1}) s`,
  );
  return Number(counted?.['rows']) <= SMALL_TABLE.rows;
}

function indexedTable(row: Row): TableName | undefined {
  if (row['kind'] !== 'i' && row['kind'] !== 'I') return undefined;
  return { schema: String(row['table_schema']), name: String(row['table_name']) };
}

function quoted({ schema, name }: TableName): string {
  return schema === undefined ? quotePath(name) : quotePath(schema, name);
}

function lastPart(name: string): string {
  return name.split('.').at(-1) ?? name;
}
