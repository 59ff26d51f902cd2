import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.js';
import { insideStep } from '../guard/guard-context.js';
import { dataSourceOf } from '../guard/migration-guard.js';
import { MigrationDeclarationError } from '../migration.error.js';
import { settingsFor } from '../run/migration.settings.js';
import { literal, literals, partitionedTable, refuseForeignKey } from './partitioned-tables.js';
import {
  constraintName,
  dropConstraint,
  type ExistingConstraint,
  findConstraint,
  quoteList,
  quoteTable,
  refuseOther,
  refuseTransaction,
  type TableReference,
  validateOrDrop,
} from './step-statements.js';

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
 * Sets NOT NULL without a table scan under an exclusive lock. Since PostgreSQL 18 it adds NOT NULL as NOT VALID
 * and validates it under a lock that allows reads and writes. Before, it does the same with a CHECK: with a
 * valid CHECK, SET NOT NULL needs no scan (PostgreSQL manual, ALTER TABLE, since 12). It does nothing if the column is NOT NULL already, and can be repeated after
 * a failure at any point. If a row is NULL, nothing is changed.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction, which would keep the lock of the first step during
 * the scan; and if a row is NULL
 */
export async function setNotNull(
  queryRunner: QueryRunner,
  table: TableReference,
  column: string,
): Promise<void> {
  refuseTransaction(queryRunner, 'setNotNull');
  const target = quoteTable(table);
  const name = quoteIdentifier(column);
  const { isSet, unproven, version } = await notNullState(queryRunner, target, column);
  if (isSet && unproven === null) return;
  if (version >= NOT_VALID_VERSION) return addNotNull(queryRunner, { table, column, unproven });
  const check = constraintName(table, [column], 'not_null_check');
  const existing = await findConstraint(queryRunner, target, check);
  if (existing && !(existing.columns === column && NOT_NULL_CHECK.test(existing.definition)))
    refuseOther('setNotNull', check, existing.definition);
  if (existing?.isValid !== true) {
    // An enforced CHECK would make the running application fail, so the rows are probed before it is added.
    await refuseNulls(queryRunner, target, name);
    if (!existing)
      await queryRunner.query(
        `ALTER TABLE ${target} ADD CONSTRAINT ${quoteIdentifier(check)} CHECK (${name} IS NOT NULL) NOT VALID`,
      );
    await validateOrDrop(queryRunner, target, check);
  }
  await queryRunner.query(`ALTER TABLE ${target} ALTER COLUMN ${name} SET NOT NULL`);
  await dropConstraint(queryRunner, target, check);
}

/** The CHECK of a column, as PostgreSQL writes it. */
const NOT_NULL_CHECK = /^CHECK \(\((?:[\w$\u0080-\uffff]+|"(?:[^"]|"")+") IS NOT NULL\)\)(?: NOT VALID)?$/;

/** NOT NULL, and a foreign key of a partitioned table, can be added as NOT VALID. */
const NOT_VALID_VERSION = 180_000;

interface NotNullState {
  readonly isSet: boolean;
  /** The name of a NOT NULL constraint that is not validated yet. */
  readonly unproven: string | null;
  readonly version: number;
}

async function notNullState(queryRunner: QueryRunner, target: string, column: string): Promise<NotNullState> {
  const rows = (await queryRunner.query(
    `SELECT a.attnotnull AS "isSet", pg_catalog.current_setting('server_version_num')::int AS version,
            (SELECT k.conname FROM pg_catalog.pg_constraint k
              WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND a.attnum = ANY (k.conkey)) AS unproven
       FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = ${quoteLiteral(target)}::pg_catalog.regclass AND a.attname = ${quoteLiteral(column)}`,
  )) as NotNullState[];
  return rows[0] ?? { isSet: false, unproven: null, version: 0 };
}

interface NotNullColumn {
  readonly table: TableReference;
  readonly column: string;
  readonly unproven: string | null;
}

/** Since PostgreSQL 18: the constraint itself is NOT VALID first, then validated while reads and writes go on. */
async function addNotNull(
  queryRunner: QueryRunner,
  { table, column, unproven }: NotNullColumn,
): Promise<void> {
  const target = quoteTable(table);
  const name = quoteIdentifier(column);
  const constraint = unproven ?? constraintName(table, [column], 'not_null');
  await refuseNulls(queryRunner, target, name);
  if (unproven === null)
    await queryRunner.query(
      `ALTER TABLE ${target} ADD CONSTRAINT ${quoteIdentifier(constraint)} NOT NULL ${name} NOT VALID`,
    );
  await validateOrDrop(queryRunner, target, constraint);
  // Left by an interrupted run on an earlier version of PostgreSQL.
  const check = constraintName(table, [column], 'not_null_check');
  const left = await findConstraint(queryRunner, target, check);
  if (left?.columns === column && NOT_NULL_CHECK.test(left.definition))
    await dropConstraint(queryRunner, target, check);
}

async function refuseNulls(queryRunner: QueryRunner, target: string, name: string): Promise<void> {
  const rows = (await queryRunner.query(
    `SELECT EXISTS (SELECT FROM ${target} WHERE ${name} IS NULL) AS found`,
  )) as { found: boolean }[];
  if (rows[0]?.found === true)
    throw new MigrationDeclarationError(
      'setNotNull',
      `setNotNull() found a row of ${target} whose ${name} is NULL. Nothing was changed.`,
      'Fill the column with a backfill, name it in `static readonly requires`, and let the application write the column.',
    );
}

/**
 * Adds a foreign key as NOT VALID, then validates the existing rows under a weaker lock. A foreign key of the
 * same name that does the same is only validated; another one is never dropped. It logs a warning if no index
 * covers the columns: a delete of a referenced row then scans the table. Before PostgreSQL 18, a partitioned table
 * with partitions is refused with the steps to take instead.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction, which would keep the lock of the first step during
 * the validation; if another constraint has this name; and if the table has partitions, before PostgreSQL 18
 */
export async function addForeignKey(queryRunner: QueryRunner, step: ForeignKeyStep): Promise<void> {
  refuseTransaction(queryRunner, 'addForeignKey');
  const { table, columns, references, referencedColumns = [], onDelete = 'NO ACTION' } = step;
  const target = quoteTable(table);
  const name = step.name ?? constraintName(table, columns, 'fkey');
  const keys = referencedColumns.length > 0 ? ` (${quoteList(referencedColumns)})` : '';
  const existing = await findConstraint(queryRunner, target, name);
  if (existing && !(await isSameKey(queryRunner, existing, step)))
    refuseOther('addForeignKey', name, existing.definition);
  if (existing?.isValid === true) return;
  const sql = `ALTER TABLE ${target} ADD CONSTRAINT ${quoteIdentifier(name)} FOREIGN KEY (${quoteList(columns)}) REFERENCES ${quoteTable(references)}${keys} ON DELETE ${onDelete}`;
  if (!existing && (await addPartitionedKey(queryRunner, { ...step, name, sql }))) return;
  await warnOfMissingIndex(queryRunner, target, columns);
  if (!existing) await queryRunner.query(`${sql} NOT VALID`);
  await validateOrDrop(queryRunner, target, name);
}

/** @returns true if it has added the key to a partitioned table without partitions; false if NOT VALID is possible */
async function addPartitionedKey(
  queryRunner: QueryRunner,
  step: ForeignKeyStep & { readonly name: string; readonly sql: string },
): Promise<boolean> {
  const { table, columns, references, referencedColumns = [], onDelete, name, sql } = step;
  const partitioned = await partitionedTable(queryRunner, table);
  if (!partitioned || partitioned.version >= NOT_VALID_VERSION) return false;
  const { partition } = partitioned;
  const options = [
    `columns: ${literals(columns)}`,
    `references: ${literal(references)}`,
    ...(referencedColumns.length > 0 ? [`referencedColumns: ${literals(referencedColumns)}`] : []),
    ...(onDelete === undefined ? [] : [`onDelete: '${onDelete}'`]),
  ];
  if (partition !== null) refuseForeignKey({ table, name, options, sql }, { ...partitioned, partition });
  // There is no row yet.
  await insideStep(['foreign-key-validated'], () => queryRunner.query(sql));
  return true;
}

/** See pg_constraint.confdeltype. */
const DELETE_ACTIONS = { 'NO ACTION': 'a', RESTRICT: 'r', CASCADE: 'c', 'SET NULL': 'n', 'SET DEFAULT': 'd' };

async function isSameKey(
  queryRunner: QueryRunner,
  existing: ExistingConstraint,
  { columns, references, referencedColumns = [], onDelete = 'NO ACTION' }: ForeignKeyStep,
): Promise<boolean> {
  const [referenced] = (await queryRunner.query(
    `SELECT pg_catalog.to_regclass(${quoteLiteral(quoteTable(references))})::pg_catalog.oid::text AS id`,
  )) as { id: string | null }[];
  return (
    existing.kind === 'f' &&
    existing.columns === columns.join(',') &&
    existing.referenced === referenced?.id &&
    existing.onDelete === DELETE_ACTIONS[onDelete] &&
    (referencedColumns.length === 0 || existing.referencedColumns === referencedColumns.join(','))
  );
}

async function warnOfMissingIndex(
  queryRunner: QueryRunner,
  target: string,
  columns: readonly string[],
): Promise<void> {
  const [first = ''] = columns;
  const rows = (await queryRunner.query(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a
                      ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = ${quoteLiteral(target)}::pg_catalog.regclass::pg_catalog.oid AND a.attname = ${quoteLiteral(first)}) AS found`,
  )) as { found: boolean }[];
  if (rows[0]?.found === true) return;
  settingsFor(dataSourceOf(queryRunner)).log.warn(
    `No index of ${target} starts with ${first}: each delete of a referenced row scans the table. Declare one with @OnlineIndex.`,
  );
}
