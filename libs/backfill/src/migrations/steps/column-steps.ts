import { loadClassifier, LockJudge } from 'nestjs-backfill-sql';
import type { QueryRunner } from 'typeorm';
import { quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.js';
import { insideStep } from '../guard/guard-context.js';
import { dataSourceOf } from '../guard/migration-guard.js';
import type { SendQuery } from '../guard/row-counters.js';
import { catalogOfEntities, readLockCatalog } from '../locks/lock-catalog.js';
import { MigrationDeclarationError } from '../migration.error.js';
import { quoteTable, type TableReference } from './step-statements.js';

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
