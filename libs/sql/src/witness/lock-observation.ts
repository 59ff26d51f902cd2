import type { LockMode } from '../locks/lock.types.js';

/** A table or materialized view that a transaction has locked so that other statements wait. @publicApi */
export interface ObservedLock {
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  /** The strongest lock of the transaction. */
  readonly mode: LockMode;
  /** The number of its file. A new number means that the table was written again. */
  readonly file: string;
  /** How often the transaction has read it from start to end. */
  readonly scans: number;
  /** The tables of which it is a partition or a child. */
  readonly ancestors: readonly { readonly schema: string; readonly name: string }[];
}

/** The relations before a transaction: those with a higher id are new. @publicApi */
export interface RelationFiles {
  readonly newestId: number;
  readonly files: ReadonlyMap<string, string>;
  /** The scans that PostgreSQL has counted so far in the session. */
  readonly scans: ReadonlyMap<string, number>;
}

const USER_SCHEMA = `n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(?:toast|temp)'`;

/** Query for `RelationFiles`: one row. @publicApi */
export const RELATION_FILES = `
  SELECT (SELECT c.oid::int8 FROM pg_catalog.pg_class c ORDER BY c.oid DESC LIMIT 1)::text AS newest,
         (SELECT pg_catalog.json_object_agg(c.oid, pg_catalog.json_build_array(
                    c.relfilenode, pg_catalog.pg_stat_get_xact_numscans(c.oid)))::text
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
           WHERE c.relkind IN ('r', 'm') AND ${USER_SCHEMA}) AS files`;

/** Reads the row of `RELATION_FILES`. @publicApi */
export function relationFilesOf(row: Record<string, unknown> | undefined): RelationFiles {
  const relations = Object.entries(
    (JSON.parse(textOf(row?.['files'], '{}')) ?? {}) as Record<string, readonly [unknown, unknown]>,
  );
  return {
    newestId: Number(row?.['newest'] ?? 0),
    files: new Map(relations.map(([id, [file]]) => [id, String(file)])),
    scans: new Map(relations.map(([id, [, scans]]) => [id, Number(scans)])),
  };
}

/** Query for the locks of the session's transaction, the strongest of each relation. @publicApi */
export const OBSERVED_LOCKS = `
  SELECT DISTINCT ON (c.oid) c.oid::text AS id, n.nspname AS schema, c.relname AS name, l.mode,
         c.relfilenode::text AS file, pg_catalog.pg_stat_get_xact_numscans(c.oid)::int AS scans,
         (WITH RECURSIVE above AS (
            SELECT i.inhparent AS id FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid
            UNION SELECT i.inhparent FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.id)
          SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', pn.nspname, 'name', p.relname))::text
            FROM above a JOIN pg_catalog.pg_class p ON p.oid = a.id
            JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace) AS ancestors
    FROM pg_catalog.pg_locks l
    JOIN pg_catalog.pg_class c ON c.oid = l.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
     AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
     AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND ${USER_SCHEMA}
   ORDER BY c.oid, l.mode = 'AccessExclusiveLock' DESC, l.mode = 'ExclusiveLock' DESC, l.mode = 'ShareRowExclusiveLock' DESC`;

/** Reads a row of `OBSERVED_LOCKS`. @publicApi */
export function observedLockOf(row: Record<string, unknown>): ObservedLock {
  return {
    id: String(row['id']),
    schema: String(row['schema']),
    name: String(row['name']),
    mode: row['mode'] as LockMode,
    file: String(row['file']),
    scans: Number(row['scans']),
    ancestors: JSON.parse(textOf(row['ancestors'], '[]')) as ObservedLock['ancestors'],
  };
}

function textOf(value: unknown, missing: string): string {
  return typeof value === 'string' ? value : missing;
}
