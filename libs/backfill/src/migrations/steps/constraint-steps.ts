import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.js';
import { insideProbe } from '../guard/guard-context.js';
import { sqlState } from '../../postgres/error-classes.js';
import {
  type ExistingConstraint,
  findConstraint,
  quoteTable,
  refuseOther,
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
  if (existing && !(await isSameCheck(queryRunner, { target, existing, expression })))
    refuseOther('addCheck', name, existing.definition);
  if (existing?.isValid === true) return;
  if (!existing)
    await queryRunner.query(
      `ALTER TABLE ${target} ADD CONSTRAINT ${quoteIdentifier(name)} CHECK (${expression}) NOT VALID`,
    );
  await validateOrDrop(queryRunner, target, name);
}

interface ComparedCheck {
  readonly target: string;
  readonly existing: ExistingConstraint;
  readonly expression: string;
}

const PROBE = 'nestjs_backfill_check_probe';
/** Raised if the conditions differ. */
const OTHER_CHECK = 'NB101';
/** The role may not create temporary tables. */
const MISSING_RIGHT = '42501';
/** The expression names its table, which has another name here. */
const UNKNOWN_TABLE = '42P01';
const UNKNOWN_COLUMN = '42703';

/**
 * PostgreSQL writes an expression in its own way, so that both are compared as PostgreSQL writes them. One text is one
 * transaction, also behind a pooler, and the temporary table is gone at its end.
 */
async function isSameCheck(
  queryRunner: QueryRunner,
  { target, existing, expression }: ComparedCheck,
): Promise<boolean> {
  if (existing.kind !== 'c') return false;
  const probe = `pg_temp.${PROBE}`;
  const own = existing.definition.replace(/( NO INHERIT)?( NOT VALID)?$/, '');
  try {
    await insideProbe(() =>
      queryRunner.query(
        `CREATE TEMPORARY TABLE ${PROBE} (LIKE ${target}) ON COMMIT DROP;
       ALTER TABLE ${probe} ADD CONSTRAINT probe CHECK (${expression});
       DO ${quoteLiteral(`BEGIN
         IF EXISTS (SELECT FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = '${probe}'::pg_catalog.regclass::pg_catalog.oid
             AND c.conname = 'probe' AND pg_catalog.pg_get_constraintdef(c.oid) <> ${quoteLiteral(own)}) THEN
           RAISE EXCEPTION 'the condition is another one' USING ERRCODE = '${OTHER_CHECK}';
         END IF; END`)}`,
      ),
    );
    return true;
  } catch (error) {
    const state = sqlState(error);
    if (state === OTHER_CHECK) return false;
    if (state === MISSING_RIGHT || state === UNKNOWN_TABLE) return true;
    if (state === UNKNOWN_COLUMN && namesTable(String(error), target)) return true;
    throw error;
  }
}

/** The row as a whole, e.g. `is_valid(leads)`, is reported as a column. Servers quote in their own language. */
function namesTable(message: string, target: string): boolean {
  return message.split(/["«»„“”']/).some((name) => target.endsWith(quoteIdentifier(name)));
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
