import { readFileSync } from 'node:fs';
import { OptionFileError } from '../guard.error.js';
import type { TableGrowth, TableSizes } from './table-growth.js';

/**
 * Reads `{ "leads": "growing", "settings": "lookup", "users": 1200000 }`.
 * @throws {OptionFileError}
 */
export function readTableSizes(file: string): TableSizes {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new OptionFileError('--table-sizes', file, error instanceof Error ? error.message : String(error));
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new OptionFileError('--table-sizes', file, 'not an object of tables');
  const sizes = new Map<string, TableGrowth | number>();
  for (const [table, size] of Object.entries(json) as [string, unknown][]) {
    if (size !== 'lookup' && size !== 'growing' && !(typeof size === 'number' && size >= 0))
      throw new OptionFileError(
        '--table-sizes',
        file,
        `"${table}" must be "lookup", "growing" or a number of rows`,
      );
    sizes.set(table, size);
  }
  return sizes;
}

/** PostgreSQL's own estimate of the rows of each table, by `schema.table` and, in `public`, by the bare name too. */
const ESTIMATES = `
SELECT n.nspname AS schema, c.relname AS name, greatest(c.reltuples, 0)::float8 AS rows
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
`;

/**
 * Reads the sizes of all tables of a database; changes nothing there.
 * @throws {OptionFileError} when the database cannot be reached
 */
export async function readDatabaseSizes(url: string): Promise<TableSizes> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    statement_timeout: 30_000,
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ schema: string; name: string; rows: number }>(ESTIMATES);
    const sizes = new Map<string, number>();
    for (const { schema, name, rows: estimate } of rows) {
      sizes.set(`${schema}.${name}`, estimate);
      if (schema === 'public' || !sizes.has(name)) sizes.set(name, estimate);
    }
    return sizes;
  } catch (error) {
    throw new OptionFileError(
      '--database',
      URL.canParse(url) ? new URL(url).host : 'URL',
      error instanceof Error ? error.message : String(error),
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
