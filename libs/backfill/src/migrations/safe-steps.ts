import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quotePath } from '../postgres/identifiers.js';
import { MigrationDeclarationError } from './migration.error.js';

/** The unquoted name of a table, with or without its schema: `'leads'`, `'crm.leads'`. */
export type TableReference = string;

/** The foreign key to add. All names are those in the database, not those of the entity. @publicApi */
export interface ForeignKeyStep {
  /** The table that gets the foreign key. */
  readonly table: TableReference;
  /** Its columns, in the order of the key. */
  readonly columns: readonly string[];
  /** The referenced table. */
  readonly references: TableReference;
  /** Columns of the referenced table. @default its primary key */
  readonly referencedColumns?: readonly string[];
  /** Name of the constraint. @default `<table>_<columns>_fkey` */
  readonly name?: string;
  /** The action when a referenced row is deleted. @default 'NO ACTION' */
  readonly onDelete?: 'NO ACTION' | 'RESTRICT' | 'CASCADE' | 'SET NULL' | 'SET DEFAULT';
}

/**
 * Sets NOT NULL without a table scan under an exclusive lock. It adds a CHECK as NOT VALID and validates it
 * under a lock that allows reads and writes. With the valid CHECK, SET NOT NULL needs no scan (PostgreSQL
 * manual, ALTER TABLE, since 12). After a failure, run it again: it starts from the beginning.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction, which would keep the lock of the first step during
 * the scan
 */
export async function setNotNull(
  queryRunner: QueryRunner,
  table: TableReference,
  column: string,
): Promise<void> {
  refuseTransaction(queryRunner, 'setNotNull');
  const target = quoteTable(table);
  const check = quoteIdentifier(constraintName(table, [column], 'not_null_check'));
  await queryRunner.query(`ALTER TABLE ${target} DROP CONSTRAINT IF EXISTS ${check}`);
  await queryRunner.query(
    `ALTER TABLE ${target} ADD CONSTRAINT ${check} CHECK (${quoteIdentifier(column)} IS NOT NULL) NOT VALID`,
  );
  await queryRunner.query(`ALTER TABLE ${target} VALIDATE CONSTRAINT ${check}`);
  await queryRunner.query(`ALTER TABLE ${target} ALTER COLUMN ${quoteIdentifier(column)} SET NOT NULL`);
  await queryRunner.query(`ALTER TABLE ${target} DROP CONSTRAINT ${check}`);
}

/**
 * Adds a foreign key as NOT VALID, then validates the existing rows under a weaker lock. After a failure, run
 * it again: it starts from the beginning.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction, which would keep the lock of the first step during
 * the validation
 */
export async function addForeignKey(queryRunner: QueryRunner, step: ForeignKeyStep): Promise<void> {
  refuseTransaction(queryRunner, 'addForeignKey');
  const { table, columns, references, referencedColumns = [], onDelete = 'NO ACTION' } = step;
  const target = quoteTable(table);
  const name = quoteIdentifier(step.name ?? constraintName(table, columns, 'fkey'));
  const keys = referencedColumns.length > 0 ? ` (${quoteList(referencedColumns)})` : '';
  await queryRunner.query(`ALTER TABLE ${target} DROP CONSTRAINT IF EXISTS ${name}`);
  await queryRunner.query(
    `ALTER TABLE ${target} ADD CONSTRAINT ${name} FOREIGN KEY (${quoteList(columns)})
     REFERENCES ${quoteTable(references)}${keys} ON DELETE ${onDelete} NOT VALID`,
  );
  await queryRunner.query(`ALTER TABLE ${target} VALIDATE CONSTRAINT ${name}`);
}

function refuseTransaction(queryRunner: QueryRunner, step: string): void {
  if (!queryRunner.isTransactionActive) return;
  throw new MigrationDeclarationError(
    step,
    `${step}() was called inside a transaction, which would hold the lock of its first step while the table is scanned.`,
    'Declare `transaction = false` on the migration, and run it in the transaction mode "each" or "none".',
  );
}

function quoteTable(table: TableReference): string {
  return quotePath(...table.split('.'));
}

function quoteList(columns: readonly string[]): string {
  return columns.map(quoteIdentifier).join(', ');
}

/**
 * PostgreSQL truncates names to 63 bytes. This function truncates them first, so that every run uses the same
 * name.
 */
function constraintName(table: TableReference, columns: readonly string[], suffix: string): string {
  const stem = [table.split('.').at(-1), ...columns].join('_');
  return `${stem.slice(0, 62 - suffix.length)}_${suffix}`;
}
