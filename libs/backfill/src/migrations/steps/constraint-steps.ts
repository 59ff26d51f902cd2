import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.js';
import { MigrationDeclarationError } from '../migration.error.js';
import {
  constraintName,
  findConstraint,
  quoteList,
  quoteTable,
  refuseTransaction,
  type TableReference,
  validateOrDrop,
} from './step-statements.js';

/** The CHECK to add. @publicApi */
export interface CheckStep {
  readonly table: TableReference;
  /** Name of the constraint. */
  readonly name: string;
  /** The condition in SQL. */
  readonly expression: string;
}

/**
 * Adds a CHECK as NOT VALID, then validates the existing rows while reads and writes go on. An existing CHECK
 * of this name is only validated. If a row contradicts it, it is dropped again.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction
 */
export async function addCheck(
  queryRunner: QueryRunner,
  { table, name, expression }: CheckStep,
): Promise<void> {
  refuseTransaction(queryRunner, 'addCheck');
  const target = quoteTable(table);
  const existing = await findConstraint(queryRunner, target, name);
  if (existing?.isValid === true) return;
  if (!existing)
    await queryRunner.query(
      `ALTER TABLE ${target} ADD CONSTRAINT ${quoteIdentifier(name)} CHECK (${expression}) NOT VALID`,
    );
  await validateOrDrop(queryRunner, target, name);
}

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
 * only changes the catalog. An index that an interrupted build has left is dropped and built again.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction
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
 * @throws MigrationDeclarationError inside a transaction, or if a column may be NULL, because PostgreSQL would
 * then read the table under an exclusive lock
 */
export async function addPrimaryKey(queryRunner: QueryRunner, step: UniqueStep): Promise<void> {
  refuseTransaction(queryRunner, 'addPrimaryKey');
  const nullable = await nullableColumns(queryRunner, step);
  if (nullable.length > 0)
    throw new MigrationDeclarationError(
      'addPrimaryKey',
      `addPrimaryKey() got columns of ${step.table} that may be NULL: ${nullable.join(', ')}.`,
      `Call first: ${nullable.map((column) => `await setNotNull(queryRunner, '${step.table}', '${column}');`).join(' ')}`,
    );
  const name = step.name ?? constraintName(step.table, [], 'pkey');
  await addWithIndex(queryRunner, { ...step, name, kind: 'PRIMARY KEY' });
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

async function addWithIndex(
  queryRunner: QueryRunner,
  { table, columns, name, kind }: IndexedConstraint,
): Promise<void> {
  const target = quoteTable(table);
  if (await findConstraint(queryRunner, target, name)) return;
  const index = quoteTable([...table.split('.').slice(0, -1), name].join('.'));
  const rows = (await queryRunner.query(
    `SELECT i.indisvalid AS valid FROM pg_catalog.pg_index i
      WHERE i.indexrelid = pg_catalog.to_regclass(${quoteLiteral(index)})::oid`,
  )) as { valid: boolean }[];
  if (rows[0]?.valid === false) await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index}`);
  if (rows[0]?.valid !== true)
    await queryRunner.query(
      `CREATE UNIQUE INDEX CONCURRENTLY ${quoteIdentifier(name)} ON ${target} (${quoteList(columns)})`,
    );
  await queryRunner.query(
    `ALTER TABLE ${target} ADD CONSTRAINT ${quoteIdentifier(name)} ${kind} USING INDEX ${quoteIdentifier(name)}`,
  );
}

/**
 * Drops an index while reads and writes go on. It does nothing if the index does not exist.
 *
 * Declare `transaction = false` on the migration.
 *
 * @publicApi
 * @param index `'leads_email'` or `'crm.leads_email'`
 * @throws MigrationDeclarationError inside a transaction
 */
export async function dropIndex(queryRunner: QueryRunner, index: string): Promise<void> {
  refuseTransaction(queryRunner, 'dropIndex');
  await queryRunner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${quoteTable(index)}`);
}

/** The enum value to add. @publicApi */
export interface EnumValueStep {
  /** `'stage'` or `'crm.stage'`. */
  readonly type: string;
  readonly value: string;
  /** An existing value that the new one precedes. @default none: it becomes the last one */
  readonly before?: string;
}

/**
 * Adds a value to an enum, unless it exists. The statement only changes the catalog.
 *
 * @publicApi
 */
export async function addEnumValue(
  queryRunner: QueryRunner,
  { type, value, before }: EnumValueStep,
): Promise<void> {
  const place = before === undefined ? '' : ` BEFORE ${quoteLiteral(before)}`;
  await queryRunner.query(
    `ALTER TYPE ${quoteTable(type)} ADD VALUE IF NOT EXISTS ${quoteLiteral(value)}${place}`,
  );
}
