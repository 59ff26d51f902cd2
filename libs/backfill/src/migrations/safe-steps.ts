import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quotePath } from '../postgres/identifiers.js';
import { MigrationDeclarationError } from './migration.error.js';

/** A table by name, with or without its schema: `'leads'`, `'crm.leads'`. */
export type TableReference = string;

/** The foreign key to add, by names of the database. */
export interface ForeignKeyStep {
  readonly table: TableReference;
  readonly columns: readonly string[];
  readonly references: TableReference;
  /** @default the primary key */
  readonly referencedColumns?: readonly string[];
  /** @default `<table>_<columns>_fkey` */
  readonly name?: string;
  /** @default 'NO ACTION' */
  readonly onDelete?: 'NO ACTION' | 'RESTRICT' | 'CASCADE' | 'SET NULL' | 'SET DEFAULT';
}

/**
 * Sets NOT NULL without scanning the table under an exclusive lock: a CHECK that is NOT VALID, validated by itself under a lock
 * that lets reads and writes pass, lets SET NOT NULL skip its scan (PostgreSQL manual, ALTER TABLE, since 12). Run again after
 * a failure, it starts over.
 *
 * Each step commits by itself: declare `transaction = false` on the migration.
 *
 * @throws MigrationDeclarationError inside of a transaction, which would keep the first step's lock through the scan
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
 * Adds a foreign key without checking the existing rows under its lock, then validates them by themselves. Run again after a
 * failure, it starts over.
 *
 * Each step commits by itself: declare `transaction = false` on the migration.
 *
 * @throws MigrationDeclarationError inside of a transaction, which would keep the first step's lock through the check
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
    `${step}() was called inside of a transaction, which would hold the lock of its first step while the table is scanned.`,
    'Declare `transaction = false` on the migration, and run it in the transaction mode "each" or "none".',
  );
}

function quoteTable(table: TableReference): string {
  return quotePath(...table.split('.'));
}

function quoteList(columns: readonly string[]): string {
  return columns.map(quoteIdentifier).join(', ');
}

/** PostgreSQL cuts names at 63 bytes; cut by us, the same name is found again. */
function constraintName(table: TableReference, columns: readonly string[], suffix: string): string {
  const stem = [table.split('.').at(-1), ...columns].join('_');
  return `${stem.slice(0, 62 - suffix.length)}_${suffix}`;
}
