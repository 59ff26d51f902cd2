import { readFileSync } from 'node:fs';
import { OptionFileError } from '../../guard.error.js';
import type { TableGrowth, TableSizes } from './table-growth.js';

/**
 * Reads a file such as `{ "leads": "growing", "settings": "lookup", "users": 1200000 }`.
 *
 * @throws {OptionFileError} when the file is not such an object
 */
export function readTableSizes(file: string): TableSizes {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new OptionFileError('--table-sizes', file, error instanceof Error ? error.message : String(error));
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new OptionFileError('--table-sizes', file, 'not a JSON object of tables');
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

const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 30_000;

/** PostgreSQL's estimate of the rows of each table. */
const ESTIMATES = `
SELECT n.nspname AS schema, c.relname AS name, greatest(c.reltuples, 0)::float8 AS rows
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
`;

const VERSION = `SELECT pg_catalog.current_setting('server_version_num')::int / 10000 AS version`;

/** What a database tells about itself. */
export interface DatabaseFacts {
  readonly tableSizes: TableSizes;
  /** Its major version. */
  readonly postgres?: number;
}

/**
 * Reads the version of a database, and the estimated sizes of all its tables, by `schema.table` and by the table
 * name. If two schemas have a table of the same name, the name means the table in `public`. Changes nothing.
 *
 * @throws {OptionFileError} when the database cannot be reached
 */
export async function readDatabaseFacts(url: string): Promise<DatabaseFacts> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
  });
  try {
    await client.connect();
    const { rows } = await client.query<{ schema: string; name: string; rows: number }>(ESTIMATES);
    const sizes = new Map<string, number>();
    for (const { schema, name, rows: estimate } of rows) {
      sizes.set(`${schema}.${name}`, estimate);
      if (schema === 'public' || !sizes.has(name)) sizes.set(name, estimate);
    }
    const [row] = (await client.query<{ version: number }>(VERSION)).rows;
    return { tableSizes: sizes, ...(row && { postgres: row.version }) };
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
