import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.js';
import { MigrationDeclarationError } from '../migration.error.js';
import { constraintName, quoteList, quoteTable, type TableReference } from './step-statements.js';

/** A partitioned table, as far as the steps need it. */
export interface PartitionedTable {
  readonly partitions: number;
  /** One of its partitions, with its schema if that is not in the search path; null if there is none. */
  readonly partition: TableReference | null;
  /** The columns of its partition key. */
  readonly key: readonly string[];
  /** The version of PostgreSQL. */
  readonly version: number;
}

/** @returns undefined if the table is not partitioned */
export async function partitionedTable(
  queryRunner: QueryRunner,
  table: TableReference,
): Promise<PartitionedTable | undefined> {
  const rows = (await queryRunner.query(
    `SELECT (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_inherits i WHERE i.inhparent = p.partrelid) AS partitions,
            (SELECT CASE WHEN pg_catalog.pg_table_is_visible(c.oid) THEN c.relname::text ELSE n.nspname || '.' || c.relname END
               FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE i.inhparent = p.partrelid ORDER BY c.relname LIMIT 1) AS partition,
            array(SELECT a.attname::text FROM pg_catalog.pg_attribute a
                   WHERE a.attrelid = p.partrelid AND a.attnum = ANY (p.partattrs::pg_catalog.int2[]) AND a.attnum > 0) AS key,
            pg_catalog.current_setting('server_version_num')::int AS version
       FROM pg_catalog.pg_partitioned_table p
      WHERE p.partrelid = pg_catalog.to_regclass(${quoteLiteral(quoteTable(table))})::pg_catalog.oid`,
  )) as PartitionedTable[];
  return rows[0];
}

/** A UNIQUE or PRIMARY KEY constraint of a partitioned table. */
export interface PartitionedConstraint {
  readonly step: 'addUnique' | 'addPrimaryKey';
  readonly table: TableReference;
  readonly columns: readonly string[];
  readonly name: string;
  readonly kind: 'UNIQUE' | 'PRIMARY KEY';
}

/** @throws MigrationDeclarationError with the steps for each partition */
export function refuseIndexedConstraint(
  { step, table, columns, name, kind }: PartitionedConstraint,
  { partitions, partition, key }: PartitionedTable & { readonly partition: TableReference },
): never {
  const missing = key.filter((column) => !columns.includes(column));
  if (missing.length > 0)
    throw new MigrationDeclarationError(
      step,
      `${step}() cannot add ${name} to the partitioned table ${table}: a ${kind} of it must contain the partition key, and ${missing.join(', ')} is not among its columns. Nothing was changed.`,
      `Add ${missing.join(', ')} to the columns, or call ${step}() for each partition, which then has unique rows for itself.`,
    );
  const index = constraintName(
    partition,
    kind === 'UNIQUE' ? columns : [],
    kind === 'UNIQUE' ? 'key' : 'pkey',
  );
  const indexPath = quoteTable([...partition.split('.').slice(0, -1), index].join('.'));
  const parentPath = quoteTable([...table.split('.').slice(0, -1), name].join('.'));
  const rule = kind === 'UNIQUE' ? 'unique-constraint' : 'primary-key-added';
  throw new MigrationDeclarationError(
    step,
    `${step}() cannot add ${name} to the partitioned table ${table}: PostgreSQL builds no index of it concurrently, and takes no existing index for a constraint of it. Nothing was changed.`,
    `${forEach(partitions)}: await ${step}(queryRunner, { table: ${literal(partition)}, columns: ${literals(columns)} }); ` +
      'Then send this text, with its second statement for each partition: ' +
      `ALTER TABLE ONLY ${quoteTable(table)} ADD CONSTRAINT ${quoteIdentifier(name)} ${kind} (${quoteList(columns)}); ` +
      `ALTER INDEX ${parentPath} ATTACH PARTITION ${indexPath}; ` +
      `It reads no row, so allow it: static readonly allowsLocks = { reason: 'ONLY reads no row', rules: ['${rule}'] };`,
  );
}

/** @throws MigrationDeclarationError because the steps for each partition stopped before the last ATTACH */
export function refuseUnattached(
  step: PartitionedConstraint['step'],
  table: TableReference,
  name: string,
): never {
  throw new MigrationDeclarationError(
    step,
    `${step}() found ${name} of ${table} with an INVALID index: the index of at least one partition is not attached, so PostgreSQL does not refuse equal rows there. Nothing was changed.`,
    `Attach the index of each other partition: ALTER INDEX ${quoteTable([...table.split('.').slice(0, -1), name].join('.'))} ATTACH PARTITION ….`,
  );
}

/** A foreign key of a partitioned table. */
interface PartitionedKey {
  readonly table: TableReference;
  readonly name: string;
  /** The step's options other than table and name, as they are written in code. */
  readonly options: readonly string[];
  /** The statement without NOT VALID. */
  readonly sql: string;
}

/** @throws MigrationDeclarationError with the steps for each partition */
export function refuseForeignKey(
  { table, name, options, sql }: PartitionedKey,
  { partitions, partition }: PartitionedTable & { readonly partition: TableReference },
): never {
  throw new MigrationDeclarationError(
    'addForeignKey',
    `addForeignKey() cannot add ${name} to the partitioned table ${table}: before version 18, PostgreSQL refuses NOT VALID for a foreign key of it. Nothing was changed.`,
    `${forEach(partitions)}: await addForeignKey(queryRunner, { table: ${literal(partition)}, ${options.join(', ')} }); ` +
      `Then send: ${sql}; ` +
      'It takes over the keys of the partitions and reads no row, so allow it: ' +
      "static readonly allowsLocks = { reason: 'the partitions have the key already', rules: ['foreign-key-validated'] };",
  );
}

function forEach(partitions: number): string {
  return partitions === 1
    ? 'Call first, for its only partition'
    : `Call first, for each of its ${partitions} partitions`;
}

/** A string in code. */
export function literal(value: string): string {
  return `'${value.replace(/['\\]/g, String.raw`\$&`)}'`;
}

export function literals(values: readonly string[]): string {
  return `[${values.map(literal).join(', ')}]`;
}
