import type { QueryRunner } from 'typeorm';
import { quoteIdentifier } from '../postgres/identifiers.js';
import type { IndexDefinition } from './index.definition.js';
import type { UndeclaredIndex } from './index.report.js';

/** Remembers what is declared, so that it can be told later when it no longer is. */
export async function noteDeclared(
  runner: QueryRunner,
  schema: string,
  definition: IndexDefinition,
  shape: string,
): Promise<void> {
  await runner.query(
    `INSERT INTO ${quoteIdentifier(schema)}.online_index (name, table_name, definition) VALUES ($1, $2, $3)
     ON CONFLICT (table_name, name) DO UPDATE SET definition = excluded.definition, declared_at = clock_timestamp()`,
    [definition.name, definition.table, shape],
  );
}

/** Indexes that are still there, were declared once, and are no longer. None where nothing has been built yet. */
export async function undeclaredIndexes(
  runner: QueryRunner,
  schema: string,
  declared: readonly { readonly name: string; readonly table: string }[],
): Promise<readonly UndeclaredIndex[]> {
  const table = `${quoteIdentifier(schema)}.online_index`;
  const [ledger] = (await runner.query('SELECT to_regclass($1) IS NOT NULL AS there', [table])) as {
    there: boolean;
  }[];
  if (!ledger?.there) return [];
  const rows = (await runner.query(
    `SELECT o.name, o.table_name AS table, o.definition FROM ${table} o
      WHERE EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                     WHERE c.relname = o.name AND i.indrelid = to_regclass(o.table_name))
      ORDER BY o.name`,
  )) as UndeclaredIndex[];
  return rows.filter(({ name, table }) => !declared.some((one) => one.name === name && one.table === table));
}
