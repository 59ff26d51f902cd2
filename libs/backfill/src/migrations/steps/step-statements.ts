import { setTimeout as pause } from 'node:timers/promises';
import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral, quotePath } from '../../postgres/identifiers.js';
import { backOff } from '../../text/back-off.js';
import { isLockError } from '../locks/lock-retry.js';
import { MigrationDeclarationError } from '../migration.error.js';

/** The unquoted name of a table, with or without its schema: `'leads'`, `'crm.leads'`. */
export type TableReference = string;

export function refuseTransaction(queryRunner: QueryRunner, step: string): void {
  if (!queryRunner.isTransactionActive) return;
  throw new MigrationDeclarationError(
    step,
    `${step}() was called inside a transaction, which would hold the lock of its first step while the table is scanned.`,
    'Declare `transaction = false` on the migration.',
  );
}

/** An existing constraint. */
export interface ExistingConstraint {
  /** `c`, `f`, `u`, `p`: see pg_constraint.contype. */
  readonly kind: string;
  /** Not NOT VALID, and with an index that is not INVALID. */
  readonly isValid: boolean;
  /** Its columns in their order, separated by commas. */
  readonly columns: string;
  readonly definition: string;
  /** The foreign key's referenced table, by its OID. */
  readonly referenced: string;
  /** See pg_constraint.confdeltype. */
  readonly onDelete: string;
  /** Columns of the referenced table. */
  readonly referencedColumns: string;
}

/** The names of the columns with these numbers, in their order. */
const columnNames = (table: string, numbers: string) => `
            (SELECT pg_catalog.string_agg(a.attname, ',' ORDER BY k.ord)
               FROM pg_catalog.unnest(${numbers}) WITH ORDINALITY k (num, ord)
               JOIN pg_catalog.pg_attribute a ON a.attrelid = ${table} AND a.attnum = k.num)`;

/** Whether the index of the UNIQUE or PRIMARY KEY constraint `c` is valid. Other constraints have no index. */
export const HAS_VALID_INDEX = `(c.contype NOT IN ('p', 'u')
              OR (SELECT i.indisvalid FROM pg_catalog.pg_index i WHERE i.indexrelid = c.conindid))`;

/** @param target the quoted name of the table */
export async function findConstraint(
  queryRunner: QueryRunner,
  target: string,
  name: string,
): Promise<ExistingConstraint | undefined> {
  const rows = (await queryRunner.query(
    `SELECT c.contype AS kind, c.convalidated AND ${HAS_VALID_INDEX} AS "isValid", pg_catalog.pg_get_constraintdef(c.oid) AS definition,
            coalesce(${columnNames('c.conrelid', 'c.conkey')}, '') AS columns,
            coalesce(${columnNames('c.confrelid', 'c.confkey')}, '') AS "referencedColumns",
            c.confrelid::text AS referenced, c.confdeltype AS "onDelete"
       FROM pg_catalog.pg_constraint c
      WHERE c.conrelid = ${quoteLiteral(target)}::pg_catalog.regclass::pg_catalog.oid AND c.conname = ${quoteLiteral(name)}`,
  )) as ExistingConstraint[];
  return rows[0];
}

/** @throws MigrationDeclarationError because another object has the name that a step needs */
export function refuseOther(step: string, name: string, found: string): never {
  throw new MigrationDeclarationError(
    step,
    `${step}() found another object of the name ${name}: ${found}. Nothing was changed.`,
    'Give the new one another `name`, or remove the other one first.',
  );
}

/**
 * Validates a constraint. If rows contradict it, the constraint is dropped, so that it does not refuse rows of
 * the running application.
 */
export async function validateOrDrop(queryRunner: QueryRunner, target: string, name: string): Promise<void> {
  try {
    await queryRunner.query(`ALTER TABLE ${target} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`);
  } catch (error) {
    throw await dropLeftovers(queryRunner, { targets: [target], name, error });
  }
}

/** Constraints that must not stay. */
interface Leftovers {
  /** The quoted names of the tables. */
  readonly targets: readonly string[];
  readonly name: string;
  /** Why the step failed, if it did. */
  readonly error?: unknown;
}

const DROP_ATTEMPTS = 5;

/**
 * Drops a constraint of several tables, those that have it, each for itself: long queries of one of them do not keep
 * that of another.
 *
 * @returns the error, whose message also names constraints that could not be dropped
 */
export async function dropLeftovers(
  queryRunner: QueryRunner,
  { targets, name, error }: Leftovers,
): Promise<unknown> {
  let result = error;
  for (const target of targets) {
    const failure = await dropPatiently(queryRunner, target, name);
    if (failure === undefined) continue;
    result ??= failure;
    // Drivers and hooks of applications may throw anything.
    if (!(result instanceof Error)) result = new Error(String(result), { cause: result });
    const remedy = `ALTER TABLE ${target} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)};`;
    const { message } = result as Error;
    if (!message.includes(remedy))
      (result as Error).message =
        `${message.replace(/[.;]$/, '')}. The constraint ${name} may still be on ${target}, where it can refuse rows of the running application. Drop it now: ${remedy}`;
  }
  return result;
}

/** @returns the last error, if the constraint is still there */
async function dropPatiently(queryRunner: QueryRunner, target: string, name: string): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1)
    try {
      // DROP CONSTRAINT IF EXISTS waits for every query of the table, also if there is nothing to drop.
      if (await findConstraint(queryRunner, target, name)) await dropConstraint(queryRunner, target, name);
      return undefined;
    } catch (error) {
      if (!isLockError(error) || attempt === DROP_ATTEMPTS) return error;
      await pause(backOff(attempt, { baseMs: 250, jitter: 'equal' }));
    }
}

export async function dropConstraint(queryRunner: QueryRunner, target: string, name: string): Promise<void> {
  await queryRunner.query(`ALTER TABLE ${target} DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`);
}

export function quoteTable(table: TableReference): string {
  return quotePath(...table.split('.'));
}

export function quoteList(columns: readonly string[]): string {
  return columns.map(quoteIdentifier).join(', ');
}

/**
 * PostgreSQL truncates names to 63 bytes. This function truncates them first, so that every run uses the same
 * name, and so that its suffix stays.
 */
export function constraintName(table: TableReference, columns: readonly string[], suffix: string): string {
  const stem = [table.split('.').at(-1), ...columns].join('_');
  return `${firstBytes(stem, 62 - suffix.length)}_${suffix}`;
}

/** The longest start of a text that has no more bytes. */
export function firstBytes(text: string, count: number): string {
  let start = '';
  let bytes = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > count) break;
    start += character;
  }
  return start;
}
