import type { DataSource } from 'typeorm';
import { hasFreeConnection } from '../locks/lock-blockers.js';
import { unguarded } from './guard-context.js';
import type { TableFile } from './row-counters.js';

const FILES = `
  SELECT c.oid::text AS id, c.relfilenode::text AS file FROM pg_catalog.pg_class c WHERE c.oid::text = ANY ($1)`;

/**
 * The files of tables as other sessions see them. Without a free connection, each table has another file, so
 * that a table that lost its rows counts as truncated.
 */
export async function committedFiles(
  dataSource: DataSource,
  ids: readonly string[],
): Promise<readonly TableFile[]> {
  if (!hasFreeConnection(dataSource)) return ids.map((id) => ({ id, file: 'unknown' }));
  const runner = unguarded(() => dataSource.createQueryRunner());
  try {
    return (await unguarded(() => runner.query(FILES, [[...ids]]))) as TableFile[];
  } finally {
    await runner.release();
  }
}
