import { BUILTIN_FUNCTIONS } from '../classification/builtin-functions.js';
import { nameParts, visit } from '../parser/parser-nodes.js';
import type { LockCatalog } from './lock.types.js';

/**
 * PostgreSQL's own volatile functions (`pg_proc.provolatile = 'v'`, versions 13 to 18) that a default can
 * call. A default with one of them is computed for each row.
 */
const VOLATILE_BUILTINS: ReadonlySet<string> = new Set(
  (
    'array_sample array_shuffle clock_timestamp currval gen_random_uuid lastval nextval random random_normal ' +
    'set_config setseed setval timeofday txid_status uuidv4 uuidv7 lo_creat lo_create lo_from_bytea pg_sleep ' +
    'pg_relation_size pg_table_size pg_total_relation_size pg_database_size pg_is_in_recovery pg_nextoid ' +
    'pg_current_wal_lsn pg_current_wal_insert_lsn query_to_xml pg_read_file pg_stat_file'
  ).split(' '),
);

/**
 * The first function in an expression that is volatile or unknown; undefined if PostgreSQL evaluates the
 * expression once for all rows.
 */
export function volatileCall(expression: unknown, known: KnownFunctions): string | undefined {
  let found: string | undefined;
  visit({ expression }, (kind, fields) => {
    if (kind === 'FuncCall') {
      const parts = nameParts(fields['funcname']);
      const name = parts.at(-1) ?? '';
      if (isVolatile(name, parts.at(-2), known)) found ??= parts.join('.');
    }
    // A subquery is not allowed in a default; a CTE neither.
    return true;
  });
  return found;
}

/** What is known of functions that are not PostgreSQL's own. */
export type KnownFunctions = Pick<LockCatalog, 'isVolatile'>;

function isVolatile(name: string, schema: string | undefined, known: KnownFunctions): boolean {
  const isBuiltin = (schema === undefined || schema === 'pg_catalog') && BUILTIN_FUNCTIONS.has(name);
  if (isBuiltin) return VOLATILE_BUILTINS.has(name);
  return known.isVolatile(name) ?? true;
}
