import type { QueryRunner } from 'typeorm';
import { pastTheGuard } from '../guard/guard-context.js';

/**
 * Whether the transaction at hand has done nothing yet, so that it can be given up and opened anew without loss. A transaction
 * gets its number with its first change, DDL included.
 */
export async function holdsNothing(raw: QueryRunner): Promise<boolean> {
  const rows = (await pastTheGuard(() =>
    raw.query('SELECT pg_catalog.pg_current_xact_id_if_assigned() IS NULL AS untouched'),
  )) as { untouched: boolean }[];
  return rows[0]?.untouched === true;
}
