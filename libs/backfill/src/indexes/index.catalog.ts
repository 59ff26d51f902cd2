import type { QueryRunner } from 'typeorm';
import { quoteIdentifier } from '../postgres/identifiers.js';
import { createIndex, type IndexDefinition } from './index.definition.js';

/** An index as the database has it. */
export interface ExistingIndex {
  readonly oid: string;
  readonly valid: boolean;
  /** From USING on, with UNIQUE in front where it is. */
  readonly shape: string;
  /** Quoted, with its schema. */
  readonly path: string;
  /** A session is building it at this moment. */
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

/** A definition without the names of index and table: what two definitions are compared by. */
const SHAPE = `CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', 'USING ')`;

const FIND = `
  SELECT i.indexrelid::text AS oid, i.indisvalid AS valid, ${SHAPE} AS shape,
         quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS path,
         EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid) AS building
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relname = $2 AND i.indrelid = to_regclass($1)`;

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
 * How PostgreSQL words the declared index: made on an empty table of the same columns, in a transaction that is rolled back. Finds
 * out on the way whether the declaration is right.
 *
 * @throws the database's error, e.g. for a column that is not there
 */
export async function declaredShape(runner: QueryRunner, definition: IndexDefinition): Promise<string> {
  await runner.query('BEGIN');
  try {
    await runner.query(`SELECT set_config('lock_timeout', '5000', true)`);
    await runner.query(
      `CREATE TEMP TABLE nestjs_backfill_shape (LIKE ${definition.table} INCLUDING GENERATED) ON COMMIT DROP`,
    );
    await runner.query(createIndex(definition, 'nestjs_backfill_shape_index', 'nestjs_backfill_shape', ''));
    const [row] = (await runner.query(
      `SELECT ${SHAPE} AS shape FROM pg_index i WHERE i.indexrelid = to_regclass('pg_temp.nestjs_backfill_shape_index')`,
    )) as Record<string, unknown>[];
    return String(row?.['shape']);
  } finally {
    await runner.query('ROLLBACK');
  }
}

/** The table itself, and its partitions below it, parents first. */
export async function partitionTree(runner: QueryRunner, table: string): Promise<readonly TableNode[]> {
  const rows = (await runner.query(
    `SELECT t.relid::regclass::text AS short, t.level, t.isleaf AS leaf, c.relname AS name,
            quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS path,
            (SELECT quote_ident(pn.nspname) || '.' || quote_ident(pc.relname) FROM pg_class pc
               JOIN pg_namespace pn ON pn.oid = pc.relnamespace WHERE pc.oid = t.parentrelid) AS parent
       FROM pg_partition_tree(to_regclass($1)) t
       JOIN pg_class c ON c.oid = t.relid
       JOIN pg_namespace n ON n.oid = c.relnamespace
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

/** The index of a partition that is attached to a parent's. */
export async function attachedIndex(
  runner: QueryRunner,
  parentIndex: string,
  table: string,
): Promise<boolean> {
  const rows = (await runner.query(
    `SELECT FROM pg_inherits h JOIN pg_index i ON i.indexrelid = h.inhrelid
      WHERE h.inhparent = to_regclass($1) AND i.indrelid = to_regclass($2)`,
    [parentIndex, table],
  )) as unknown[];
  return rows.length > 0;
}

/** Keys that occur more than once, as far as half a minute finds them. */
export async function duplicateKeys(
  runner: QueryRunner,
  definition: IndexDefinition,
): Promise<readonly { readonly key: string; readonly rows: number }[]> {
  const partial = definition.where === undefined ? '' : `WHERE ${definition.where}`;
  await runner.query('BEGIN');
  try {
    await runner.query(`SELECT set_config('statement_timeout', '30000', true)`);
    const rows = (await runner.query(
      `SELECT key, rows FROM (SELECT ROW(${definition.keys})::text AS key, count(*)::int AS rows
          FROM ${definition.table} ${partial} GROUP BY ${definition.keys} HAVING count(*) > 1) d ORDER BY rows DESC, key LIMIT 10`,
    )) as { key: string; rows: number }[];
    return rows;
  } catch {
    // Too large to look through, or keys with an order or an operator class: the violation itself names one key.
    return [];
  } finally {
    await runner.query('ROLLBACK');
  }
}

/** Under the DDL policy, in a transaction of its own. */
export async function briefly(runner: QueryRunner, ...statements: readonly string[]): Promise<void> {
  await runner.query('BEGIN');
  try {
    await runner.query(`SELECT set_config('lock_timeout', '5000', true)`);
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
