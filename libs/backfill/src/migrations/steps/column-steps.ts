import { loadClassifier, LockJudge } from 'nestjs-backfill-sql';
import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.js';
import { insideStep } from '../guard/guard-context.js';
import { dataSourceOf } from '../guard/migration-guard.js';
import type { SendQuery } from '../guard/row-counters.js';
import { catalogOfEntities, readLockCatalog } from '../locks/lock-catalog.js';
import { MigrationDeclarationError } from '../migration.error.js';
import { quoteTable, refuseTransaction, type TableReference, validateOrDrop } from './step-statements.js';

/** The new type of a column. @publicApi */
export interface ChangeTypeStep {
  readonly table: TableReference;
  readonly column: string;
  /** The new type in SQL, e.g. `varchar(200)`. */
  readonly type: string;
}

/**
 * Changes the type of a column if PostgreSQL only changes the catalog, e.g. from varchar(50) to text, or if the
 * table is small.
 *
 * @publicApi
 * @throws MigrationDeclarationError if PostgreSQL would write the table or an index again; the error has the
 * steps to take instead
 */
export async function changeType(
  queryRunner: QueryRunner,
  { table, column, type }: ChangeTypeStep,
): Promise<void> {
  const sql = `ALTER TABLE ${quoteTable(table)} ALTER COLUMN ${quoteIdentifier(column)} TYPE ${type}`;
  const classifier = await loadClassifier();
  const ddl = classifier.classify(sql).statements.flatMap((statement) => statement.ddl);
  const [name = '', schema] = table.split('.').reverse();
  const query = ((text, parameters) => queryRunner.query(text, parameters)) as SendQuery;
  const catalog = await readLockCatalog(query, dataSourceOf(queryRunner), {
    tables: [{ name, ...(schema !== undefined && { schema }) }],
    indexes: [],
    functions: [],
    types: [],
  });
  const [finding] = new LockJudge().judge(ddl, { inTransaction: false, lockTimeoutMs: Infinity, catalog });
  if (finding)
    throw new MigrationDeclarationError(
      'changeType',
      `changeType() cannot change ${table}.${column} to ${type}: ${finding.message}. Nothing was changed.`,
      expandAndContract({ table, column, type }),
    );
  await queryRunner.query(sql);
}

function expandAndContract({ table, column, type }: ChangeTypeStep): string {
  const next = `${column}_new`;
  const added = `ALTER TABLE ${quoteTable(table)} ADD COLUMN ${quoteIdentifier(next)} ${type}`;
  return [
    'Do it in steps that both releases survive:',
    `  1. Add a column: await queryRunner.query(\`${added}\`);`,
    `  2. Deploy a release that writes ${column} and ${next}, and reads ${column}.`,
    `  3. Fill it with a backfill: where: '${next} IS NULL AND ${column} IS NOT NULL', set: { ${next}: '${column}::${type}' }.`,
    `  4. Deploy a release that reads and writes ${next} only, with a migration that \`requires\` the backfill.`,
    `  5. Drop the old one in the migration after it: await dropColumn(queryRunner, { table: '${table}', column: '${column}' });`,
  ].join('\n');
}

/** The column to drop. @publicApi */
export interface DropColumnStep {
  readonly table: TableReference;
  readonly column: string;
}

/**
 * Lets both releases write rows before a column is dropped: the old release still writes it, and the new one does
 * not know it. So the column may be NULL from now on. Call it in the migration of the release whose entity has
 * no such column, and `dropColumn` in the next one. It does nothing if it has run already.
 *
 * @publicApi
 */
export async function retireColumn(
  queryRunner: QueryRunner,
  { table, column }: DropColumnStep,
): Promise<void> {
  const rows = (await queryRunner.query(
    `SELECT a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS blocks FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = ${quoteLiteral(quoteTable(table))}::pg_catalog.regclass AND a.attname = ${quoteLiteral(column)}
        AND NOT a.attisdropped`,
  )) as { blocks: boolean }[];
  if (rows[0]?.blocks === true)
    await queryRunner.query(
      `ALTER TABLE ${quoteTable(table)} ALTER COLUMN ${quoteIdentifier(column)} DROP NOT NULL`,
    );
}

/**
 * Drops a column that no entity of this release reads. The release before must not read it either: deploy one
 * without the property first, see `retireColumn`. It does nothing if the column is gone.
 *
 * @publicApi
 * @throws MigrationDeclarationError if an entity still has the column
 */
export async function dropColumn(queryRunner: QueryRunner, { table, column }: DropColumnStep): Promise<void> {
  const [name = '', schema] = table.split('.').reverse();
  const reader = catalogOfEntities(dataSourceOf(queryRunner)).readerOf(
    { name, ...(schema !== undefined && { schema }) },
    column,
  );
  if (reader !== undefined)
    throw new MigrationDeclarationError(
      'dropColumn',
      `dropColumn() cannot drop ${table}.${column}, because ${reader} still reads it. Nothing was changed.`,
      `Remove the property from ${reader}, call retireColumn() in the migration of that release, deploy it, and drop the column in the next one.`,
    );
  await insideStep(['drop-column'], () =>
    queryRunner.query(`ALTER TABLE ${quoteTable(table)} DROP COLUMN IF EXISTS ${quoteIdentifier(column)}`),
  );
}

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
 * on, so that PostgreSQL does not read the table under its lock. It does nothing if it is attached already, and
 * can be repeated after a failure.
 *
 * Each step commits by itself, so declare `transaction = false` on the migration.
 *
 * @publicApi
 * @throws MigrationDeclarationError inside a transaction, or if the key is not one column
 */
export async function attachPartition(queryRunner: QueryRunner, step: PartitionStep): Promise<void> {
  refuseTransaction(queryRunner, 'attachPartition');
  const { parent, partition, values } = step;
  const [target, owner] = [quoteTable(partition), quoteTable(parent)];
  const rows = (await queryRunner.query(
    `SELECT (SELECT a.attname FROM pg_catalog.pg_attribute a
              WHERE a.attrelid = p.partrelid AND a.attnum = p.partattrs[0] AND p.partnatts = 1) AS key,
            EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhparent = p.partrelid
                     AND i.inhrelid = ${quoteLiteral(target)}::pg_catalog.regclass) AS attached
       FROM pg_catalog.pg_partitioned_table p WHERE p.partrelid = ${quoteLiteral(owner)}::pg_catalog.regclass`,
  )) as { key: string | null; attached: boolean }[];
  const [row] = rows;
  if (row?.attached === true) return;
  if (typeof row?.key !== 'string')
    throw new MigrationDeclarationError(
      'attachPartition',
      `attachPartition() needs a table that is partitioned by one column, but ${parent} is not. Nothing was changed.`,
      'Add a CHECK with addCheck() that proves the bound, and send ATTACH PARTITION after it.',
    );
  const check = quoteIdentifier(`${partition.split('.').at(-1)?.slice(0, 50) ?? ''}_bound_check`);
  await queryRunner.query(`ALTER TABLE ${target} DROP CONSTRAINT IF EXISTS ${check}`);
  await queryRunner.query(
    `ALTER TABLE ${target} ADD CONSTRAINT ${check} CHECK (${conditionOf(quoteIdentifier(row.key), values)}) NOT VALID`,
  );
  await validateOrDrop(queryRunner, target, check.slice(1, -1));
  await queryRunner.query(`ALTER TABLE ${owner} ATTACH PARTITION ${target} FOR VALUES ${boundOf(values)}`);
  await queryRunner.query(`ALTER TABLE ${target} DROP CONSTRAINT IF EXISTS ${check}`);
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
