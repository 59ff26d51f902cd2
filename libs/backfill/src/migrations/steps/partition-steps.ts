import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral, quotePath } from '../../postgres/identifiers.js';
import { MigrationDeclarationError } from '../migration.error.js';
import {
  dropConstraint,
  dropLeftovers,
  firstBytes,
  quoteTable,
  refuseTransaction,
  type TableReference,
  validateOrDrop,
} from './step-statements.js';

/** The partition to attach. @publicApi */
export interface PartitionStep {
  /** The partitioned table. */
  readonly parent: TableReference;
  /** The table that becomes a partition. */
  readonly partition: TableReference;
  /** The values of the partition key, of one column: a range whose end is left out, or a list. */
  readonly values: { readonly from?: string; readonly to?: string } | { readonly in: readonly string[] };
}

/**
 * Attaches a table as a partition. A CHECK that is validated before proves the bound, while reads and writes go
 * on, so that PostgreSQL does not read the table under its lock. A CHECK on the default partition, if there is one,
 * proves in the same way that it has no row of the new bound. Until the partition is attached, inserts of such rows
 * fail instead of going into the default partition: attach a partition before its rows arrive. It does nothing if
 * it is attached already, and can be repeated after a failure.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction, if the key is not one column, or if the default partition
 * has a row of the new bound
 */
export async function attachPartition(queryRunner: QueryRunner, step: PartitionStep): Promise<void> {
  refuseTransaction(queryRunner, 'attachPartition');
  const { parent, partition, values } = step;
  const [target, owner] = [quoteTable(partition), quoteTable(parent)];
  const state = await partitionState(queryRunner, { target, owner });
  const rest = state?.rest ? quotePath(...state.rest) : undefined;
  const check = `${firstBytes(partition.split('.').at(-1) ?? '', 50)}_bound_check`;
  // First the default partition: until its CHECK is gone, or the partition attached, it refuses rows of the bound.
  const checks = { targets: rest === undefined ? [target] : [rest, target], name: check };
  if (state?.attached === true) return throwIfAny(await dropLeftovers(queryRunner, checks));
  if (typeof state?.key !== 'string')
    throw new MigrationDeclarationError(
      'attachPartition',
      `attachPartition() needs a table that is partitioned by one column, but ${parent} is not. Nothing was changed.`,
      'Add a CHECK with addCheck() that proves the bound, and send ATTACH PARTITION after it.',
    );
  const condition = conditionOf(quoteIdentifier(state.key), values);
  if (rest !== undefined) await refuseRowsOfBound(queryRunner, { parent, rest, condition });
  await proveCheck(queryRunner, { table: target, name: check, condition });
  try {
    // After the other one, which may take long: until the partition is attached, it refuses rows of the bound.
    if (rest !== undefined)
      await proveCheck(queryRunner, { table: rest, name: check, condition: `NOT (${condition})` });
    await queryRunner.query(`ALTER TABLE ${owner} ATTACH PARTITION ${target} FOR VALUES ${boundOf(values)}`);
  } catch (error) {
    throw await dropLeftovers(queryRunner, { ...checks, error });
  }
  throwIfAny(await dropLeftovers(queryRunner, checks));
}

function throwIfAny(error: unknown): void {
  if (error !== undefined) throw error as Error;
}

interface PartitionState {
  /** The column of the partition key; null if it has several, or an expression. */
  readonly key: string | null;
  readonly attached: boolean;
  /** Schema and name of the default partition. */
  readonly rest: readonly string[] | null;
}

async function partitionState(
  queryRunner: QueryRunner,
  { target, owner }: { readonly target: string; readonly owner: string },
): Promise<PartitionState | undefined> {
  const rows = (await queryRunner.query(
    `SELECT (SELECT a.attname FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] AND p.partnatts = 1) AS key,
            (SELECT array[n.nspname::text, c.relname::text] FROM pg_catalog.pg_class c
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = p.partdefid) AS rest,
            EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = p.partrelid
                     AND i.inhrelid = ${quoteLiteral(target)}::pg_catalog.regclass) AS attached
       FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = ${quoteLiteral(owner)}::pg_catalog.regclass`,
  )) as PartitionState[];
  return rows[0];
}

/** A CHECK on the default partition that rows contradict would only be found after a scan. */
async function refuseRowsOfBound(
  queryRunner: QueryRunner,
  { parent, rest, condition }: { readonly parent: string; readonly rest: string; readonly condition: string },
): Promise<void> {
  const rows = (await queryRunner.query(
    `SELECT EXISTS (SELECT FROM ${rest} WHERE ${condition}) AS found`,
  )) as { found: boolean }[];
  if (rows[0]?.found === true)
    throw new MigrationDeclarationError(
      'attachPartition',
      `attachPartition() found a row of the new bound in ${rest}, the default partition of ${parent}. Nothing was changed.`,
      'Move these rows out of the default partition into the new one first: PostgreSQL attaches no partition whose rows are in the default partition.',
    );
}

interface ProvenCheck {
  /** The quoted name. */
  readonly table: string;
  readonly name: string;
  readonly condition: string;
}

async function proveCheck(queryRunner: QueryRunner, { table, name, condition }: ProvenCheck): Promise<void> {
  const check = quoteIdentifier(name);
  await dropConstraint(queryRunner, table, name);
  await queryRunner.query(`ALTER TABLE ${table} ADD CONSTRAINT ${check} CHECK (${condition}) NOT VALID`);
  await validateOrDrop(queryRunner, table, name);
}

function conditionOf(key: string, values: PartitionStep['values']): string {
  if ('in' in values) return `${key} IS NOT NULL AND ${key} IN (${values.in.map(quoteLiteral).join(', ')})`;
  const { from, to } = values;
  return [
    `${key} IS NOT NULL`,
    ...(from === undefined ? [] : [`${key} >= ${quoteLiteral(from)}`]),
    ...(to === undefined ? [] : [`${key} < ${quoteLiteral(to)}`]),
  ].join(' AND ');
}

function boundOf(values: PartitionStep['values']): string {
  if ('in' in values) return `IN (${values.in.map(quoteLiteral).join(', ')})`;
  const { from, to } = values;
  return `FROM (${from === undefined ? 'MINVALUE' : quoteLiteral(from)}) TO (${to === undefined ? 'MAXVALUE' : quoteLiteral(to)})`;
}
