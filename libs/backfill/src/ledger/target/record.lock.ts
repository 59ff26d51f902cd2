import type { Statement } from '../../postgres/pipeline.js';

/**
 * Locks the set of records of a backfill until the end of the transaction. `shared`: to insert a record. `exclusive`: to
 * change every record, or the table that a record is about, so that none is inserted meanwhile.
 */
export function lockRecords(
  { schema, name }: { readonly schema: string; readonly name: string },
  mode: 'shared' | 'exclusive',
): Statement {
  const lock = mode === 'shared' ? 'pg_advisory_xact_lock_shared' : 'pg_advisory_xact_lock';
  return {
    text: `SELECT pg_catalog.${lock}(pg_catalog.hashtextextended($1, 0))`,
    values: [`nestjs-backfill record ${schema} ${name}`],
  };
}
