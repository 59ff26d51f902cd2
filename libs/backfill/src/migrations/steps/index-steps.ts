import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.js';
import { sqlState } from '../../postgres/error-classes.js';
import { insideStep } from '../guard/guard-context.js';
import { MigrationDeclarationError } from '../migration.error.js';
import { dropConcurrently, dropFailedBuild } from './index-drop.js';
import {
  type PartitionedConstraint,
  partitionedTable,
  refuseIndexedConstraint,
  refuseUnattached,
} from './partitioned-tables.js';
import {
  constraintName,
  findConstraint,
  HAS_VALID_INDEX,
  quoteList,
  quoteTable,
  refuseOther,
  refuseTransaction,
  type TableReference,
} from './step-statements.js';

/** The UNIQUE or PRIMARY KEY constraint to add. @publicApi */
export interface UniqueStep {
  readonly table: TableReference;
  /** Its columns, in the order of the index. */
  readonly columns: readonly string[];
  /** Name of the constraint and of its index. @default `<table>_<columns>_key`, or `<table>_pkey` */
  readonly name?: string;
}

/**
 * Adds a UNIQUE constraint: it builds a unique index concurrently, and then uses it for the constraint, which
 * only changes the catalog. An index that an interrupted build has left is dropped and built again. A partitioned
 * table with partitions is refused with the steps to take instead, because PostgreSQL can do neither there.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction, or if the table has partitions
 */
export async function addUnique(queryRunner: QueryRunner, step: UniqueStep): Promise<void> {
  refuseTransaction(queryRunner, 'addUnique');
  const name = step.name ?? constraintName(step.table, step.columns, 'key');
  await addWithIndex(queryRunner, { ...step, name, kind: 'UNIQUE' });
}

/**
 * Adds a primary key from a unique index that is built concurrently. Make its columns NOT NULL first, with
 * `setNotNull()`.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction, if the table has partitions, or if a column may be NULL,
 * because PostgreSQL would then read the table under an exclusive lock
 */
export async function addPrimaryKey(queryRunner: QueryRunner, step: UniqueStep): Promise<void> {
  refuseTransaction(queryRunner, 'addPrimaryKey');
  const name = step.name ?? constraintName(step.table, [], 'pkey');
  const [key] = await primaryKeyOf(queryRunner, step.table);
  if (key?.columns === step.columns.join(',')) {
    if (!key.isValid) refuseUnattached('addPrimaryKey', step.table, key.name);
    return;
  }
  if (key) refuseOther('addPrimaryKey', key.name, `the primary key of ${key.columns}`);
  const nullable = await nullableColumns(queryRunner, step);
  if (nullable.length > 0)
    throw new MigrationDeclarationError(
      'addPrimaryKey',
      `addPrimaryKey() got columns of ${step.table} that may be NULL: ${nullable.join(', ')}.`,
      `Call first: ${nullable.map((column) => `await setNotNull(queryRunner, '${step.table}', '${column}');`).join(' ')}`,
    );
  await addWithIndex(queryRunner, { ...step, name, kind: 'PRIMARY KEY' });
}

/** A table has at most one primary key, under any name. */
async function primaryKeyOf(
  queryRunner: QueryRunner,
  table: TableReference,
): Promise<readonly { readonly name: string; readonly columns: string; readonly isValid: boolean }[]> {
  return (await queryRunner.query(
    `SELECT c.conname AS name, ${HAS_VALID_INDEX} AS "isValid", (SELECT pg_catalog.string_agg(a.attname, ',' ORDER BY k.ord)
              FROM pg_catalog.unnest(c.conkey) WITH ORDINALITY k (num, ord)
              JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num) AS columns
       FROM pg_catalog.pg_constraint c
      WHERE c.conrelid = ${quoteLiteral(quoteTable(table))}::pg_catalog.regclass::pg_catalog.oid AND c.contype = 'p'`,
  )) as { name: string; columns: string; isValid: boolean }[];
}

async function nullableColumns(
  queryRunner: QueryRunner,
  { table, columns }: UniqueStep,
): Promise<readonly string[]> {
  const rows = (await queryRunner.query(
    `SELECT a.attname AS name FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = ${quoteLiteral(quoteTable(table))}::pg_catalog.regclass::pg_catalog.oid AND NOT a.attnotnull
        AND a.attname IN (${columns.map(quoteLiteral).join(', ')})`,
  )) as { name: string }[];
  return rows.map(({ name }) => name);
}

interface IndexedConstraint extends UniqueStep {
  readonly name: string;
  readonly kind: 'UNIQUE' | 'PRIMARY KEY';
}

async function addWithIndex(queryRunner: QueryRunner, constraint: IndexedConstraint): Promise<void> {
  const { table, columns, name, kind } = constraint;
  const step = kind === 'UNIQUE' ? 'addUnique' : 'addPrimaryKey';
  if (await isAdded(queryRunner, { ...constraint, step })) return;
  if (await addPartitioned(queryRunner, { step, table, columns, name, kind })) return;
  const target = quoteTable(table);
  const index = quoteTable([...table.split('.').slice(0, -1), name].join('.'));
  const found = await findIndex(queryRunner, { index, target });
  if (found && (!found.isPlain || found.columns !== columns.join(',')))
    refuseOther(step, name, found.definition);
  if (found?.isValid === false) await dropConcurrently(queryRunner, index);
  if (found?.isValid !== true)
    await buildOrDrop(queryRunner, {
      index,
      sql: `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdentifier(name)} ON ${target} (${quoteList(columns)})`,
    });
  await queryRunner.query(
    `ALTER TABLE ${target} ADD CONSTRAINT ${quoteIdentifier(name)} ${kind} USING INDEX ${quoteIdentifier(name)}`,
  );
}

/** @throws MigrationDeclarationError if another constraint has the name, or if the index of this one is INVALID */
async function isAdded(
  queryRunner: QueryRunner,
  { step, table, columns, name, kind }: PartitionedConstraint,
): Promise<boolean> {
  const existing = await findConstraint(queryRunner, quoteTable(table), name);
  if (!existing) return false;
  if (kind !== 'UNIQUE' || existing.kind !== 'u' || existing.columns !== columns.join(','))
    refuseOther(step, name, existing.definition);
  if (!existing.isValid) refuseUnattached(step, table, name);
  return true;
}

/** @returns true if it has added the constraint to a partitioned table; false if the table is not partitioned */
async function addPartitioned(queryRunner: QueryRunner, constraint: PartitionedConstraint): Promise<boolean> {
  const { table, columns, name, kind } = constraint;
  const partitioned = await partitionedTable(queryRunner, table);
  if (!partitioned) return false;
  const { partition } = partitioned;
  if (partition !== null) refuseIndexedConstraint(constraint, { ...partitioned, partition });
  // There is no row yet.
  await insideStep(['unique-constraint', 'primary-key-added'], () =>
    queryRunner.query(
      `ALTER TABLE ${quoteTable(table)} ADD CONSTRAINT ${quoteIdentifier(name)} ${kind} (${quoteList(columns)})`,
    ),
  );
  return true;
}

interface ExistingIndex {
  readonly isValid: boolean;
  /** Unique, of whole columns and all rows, on the table itself. NULLs are not equal. */
  readonly isPlain: boolean;
  readonly columns: string;
  readonly definition: string;
}

async function findIndex(
  queryRunner: QueryRunner,
  { index, target }: { readonly index: string; readonly target: string },
): Promise<ExistingIndex | undefined> {
  const rows = (await queryRunner.query(
    `SELECT i.indisvalid AS "isValid", pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
            i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL
              AND NOT coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false)
              AND i.indrelid = ${quoteLiteral(target)}::pg_catalog.regclass::pg_catalog.oid AS "isPlain",
            coalesce((SELECT pg_catalog.string_agg(a.attname, ',' ORDER BY k.ord)
                        FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k (num, ord)
                        JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num
                       WHERE k.ord <= i.indnkeyatts), '') AS columns
       FROM pg_catalog.pg_index i WHERE i.indexrelid = pg_catalog.to_regclass(${quoteLiteral(index)})::pg_catalog.oid`,
  )) as ExistingIndex[];
  return rows[0];
}

/** duplicate_table: another session has made a relation of this name. */
const NAME_IN_USE = '42P07';

interface IndexBuild {
  readonly index: string;
  readonly sql: string;
}

/** A build that fails leaves an index that is not used by queries, but refuses rows of the running application. */
async function buildOrDrop(queryRunner: QueryRunner, { index, sql }: IndexBuild): Promise<void> {
  try {
    await queryRunner.query(sql);
  } catch (error) {
    if (sqlState(error) === NAME_IN_USE) throw error;
    throw await dropFailedBuild(queryRunner, index, error);
  }
}

/**
 * Drops an index while reads and writes go on. It does nothing if the index does not exist.
 *
 * Declare `transaction = false` on the migration.
 *
 * @publicApi
 * @param index `'leads_email'` or `'crm.leads_email'`
 * @throws MigrationDeclarationError inside a transaction, or if it is the index of a partitioned table
 */
export async function dropIndex(queryRunner: QueryRunner, index: string): Promise<void> {
  refuseTransaction(queryRunner, 'dropIndex');
  await refusePartitionedIndex(queryRunner, index);
  await dropConcurrently(queryRunner, quoteTable(index));
}

async function refusePartitionedIndex(queryRunner: QueryRunner, index: string): Promise<void> {
  const path = quoteTable(index);
  const rows = (await queryRunner.query(
    `SELECT i.indrelid::pg_catalog.regclass::text AS "table" FROM pg_catalog.pg_index i
       JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      WHERE c.relkind = 'I' AND c.oid = pg_catalog.to_regclass(${quoteLiteral(path)})::pg_catalog.oid`,
  )) as { table: string }[];
  if (rows[0])
    throw new MigrationDeclarationError(
      'dropIndex',
      `dropIndex() cannot drop ${index}: it is an index of the partitioned table ${rows[0].table}, which PostgreSQL drops with those of all partitions, and not concurrently. Nothing was changed.`,
      `Send DROP INDEX ${path}; which is fast, but waits for every query of the table: static readonly allowsLocks = { reason: '…', rules: ['index-not-concurrent'] };`,
    );
}
