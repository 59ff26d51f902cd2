import type { QueryRunner } from 'typeorm';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import { createIndex, type IndexDefinition } from '../declare/index.definition.js';

/** An index that exists in the database. */
export interface ExistingIndex {
  readonly oid: string;
  readonly valid: boolean;
  /** The definition from `USING` on, with the prefix `UNIQUE` for a unique index. */
  readonly shape: string;
  /** Quoted, with its schema. */
  readonly path: string;
  /** A session is building it now. */
  readonly inProgress: boolean;
}

/** A table of a partition tree. */
export interface TableNode {
  /** Quoted, with its schema. */
  readonly path: string;
  readonly parent: string | undefined;
  readonly leaf: boolean;
  readonly name: string;
}

/** A definition without the names of index and table, so that two definitions can be compared. */
const SHAPE = `CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid), '^.*? USING ', 'USING ')`;

const FIND = `
  SELECT i.indexrelid::text AS oid, i.indisvalid AS valid, ${SHAPE} AS shape,
         pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS path,
         EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                  WHERE p.index_relid = i.indexrelid AND p.datname = pg_catalog.current_database()) AS building
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relname = $2 AND i.indrelid = pg_catalog.to_regclass($1)::oid`;

export async function findIndex(
  runner: QueryRunner,
  table: string,
  name: string,
): Promise<ExistingIndex | undefined> {
  const [row] = (await runner.query(FIND, [table, name])) as Record<string, unknown>[];
  return (
    row && {
      oid: String(row['oid']),
      valid: row['valid'] === true,
      shape: String(row['shape']),
      path: String(row['path']),
      inProgress: row['building'] === true,
    }
  );
}

/**
 * Returns the declared definition as PostgreSQL prints it. It creates the index on an empty table with the
 * same columns, in a transaction that it rolls back. This also validates the declaration.
 *
 * @throws the database's error, e.g. for a missing column
 */
export async function declaredShape(runner: QueryRunner, definition: IndexDefinition): Promise<string> {
  await runner.query('BEGIN');
  try {
    await runner.query(`SELECT pg_catalog.set_config('lock_timeout', '5000', true)`);
    await runner.query(
      `CREATE TEMP TABLE nestjs_backfill_shape (LIKE ${definition.table} INCLUDING GENERATED) ON COMMIT DROP`,
    );
    await runner.query(createIndex(definition, 'nestjs_backfill_shape_index', 'nestjs_backfill_shape'));
    const [row] = (await runner.query(
      `SELECT ${SHAPE} AS shape FROM pg_catalog.pg_index i WHERE i.indexrelid = pg_catalog.to_regclass('pg_temp.nestjs_backfill_shape_index')::oid`,
    )) as Record<string, unknown>[];
    return String(row?.['shape']);
  } finally {
    await runner.query('ROLLBACK');
  }
}

/** The table and its partitions, parents first. */
export async function partitionTree(runner: QueryRunner, table: string): Promise<readonly TableNode[]> {
  const rows = (await runner.query(
    `SELECT t.relid::regclass::text AS short, t.level, t.isleaf AS leaf, c.relname AS name,
            pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) AS path,
            (SELECT pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(pc.relname) FROM pg_catalog.pg_class pc
               JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace WHERE pc.oid = t.parentrelid) AS parent
       FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) t
       JOIN pg_catalog.pg_class c ON c.oid = t.relid::oid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      ORDER BY t.level, c.relname`,
    [table],
  )) as Record<string, unknown>[];
  return rows.map((row) => ({
    path: String(row['path']),
    parent: row['level'] === 0 ? undefined : String(row['parent']),
    leaf: row['leaf'] === true,
    name: String(row['name']),
  }));
}

/** Whether an index of the partition is attached to the index of its parent. */
export async function isAttached(runner: QueryRunner, parentIndex: string, table: string): Promise<boolean> {
  const rows = (await runner.query(
    `SELECT FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index i ON i.indexrelid = h.inhrelid
      WHERE h.inhparent = pg_catalog.to_regclass($1)::oid AND i.indrelid = pg_catalog.to_regclass($2)::oid`,
    [parentIndex, table],
  )) as unknown[];
  return rows.length > 0;
}

/** The ten most frequent duplicate keys; empty if they cannot be found within 30 s. */
export async function duplicateKeys(
  runner: QueryRunner,
  definition: IndexDefinition,
): Promise<readonly { readonly key: string; readonly rows: number }[]> {
  const partial = definition.where === undefined ? '' : `WHERE ${definition.where}`;
  await runner.query('BEGIN');
  try {
    await runner.query(`SELECT pg_catalog.set_config('statement_timeout', '30000', true)`);
    const rows = (await runner.query(
      `SELECT key, rows FROM (SELECT ROW(${definition.keys})::text AS key, pg_catalog.count(*)::int AS rows
          FROM ${definition.table} ${partial} GROUP BY ${definition.keys} HAVING pg_catalog.count(*) > 1) d ORDER BY rows DESC, key LIMIT 10`,
    )) as { key: string; rows: number }[];
    return rows;
  } catch {
    // The table is too large, or the keys have a sort order or an operator class. The error of the build
    // shows one key.
    return [];
  } finally {
    await runner.query('ROLLBACK');
  }
}

/** Runs short statements in a transaction under the DDL policy: `lock_timeout` 5 s. */
export async function runUnderDdlPolicy(
  runner: QueryRunner,
  ...statements: readonly string[]
): Promise<void> {
  await runner.query('BEGIN');
  try {
    await runner.query(`SELECT pg_catalog.set_config('lock_timeout', '5000', true)`);
    for (const statement of statements) await runner.query(statement);
    await runner.query('COMMIT');
  } catch (error) {
    await runner.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

export function renameIndex(path: string, name: string): string {
  return `ALTER INDEX ${path} RENAME TO ${quoteIdentifier(name)}`;
}
