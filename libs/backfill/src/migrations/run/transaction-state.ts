import type { QueryRunner } from 'typeorm';
import { unguarded } from '../guard/guard-context.js';

/**
 * Whether the current transaction has changed nothing yet, so that it can be rolled back and started again
 * without loss. PostgreSQL assigns a transaction ID at the first change, including DDL.
 */
export async function hasChangedNothing(raw: QueryRunner): Promise<boolean> {
  const rows = (await unguarded(() =>
    raw.query('SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NULL AS unchanged'),
  )) as { unchanged: boolean }[];
  return rows[0]?.unchanged === true;
}
