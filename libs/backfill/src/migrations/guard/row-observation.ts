/** Expressions to select in the same round trip: a select list without FROM. */
export interface ExtraColumns {
  readonly select: string;
  readonly parameters: readonly unknown[];
}

/** A table, and the tables of which it is a partition or a child. */
export interface TableId {
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  readonly ancestors?: readonly { readonly schema: string; readonly name: string }[];
}

export interface Counted extends TableId {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** The transaction holds the lock of a statement that writes rows, so that the writes were not rolled back. */
  readonly isHeld: boolean;
}

/** What PostgreSQL shows of the rows that a transaction has written. */
export interface Observed {
  readonly isCounting: boolean;
  readonly counted: readonly Counted[];
  /**
   * At the start: tables with rows; undefined if they were not read. At the end: tables that this transaction
   * locked, and that are empty.
   */
  readonly files: readonly (TableId & { readonly file: string })[] | undefined;
  /** Foreign tables that the transaction has locked to write them. */
  readonly foreign: readonly (TableId & { readonly mode: string })[];
  /** Relations that are created later have a higher id. */
  readonly newestId: number;
}

const CURRENT_DATABASE = `
  (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())`;

const NEWEST_ID = '(SELECT c.oid::int8 FROM pg_catalog.pg_class c ORDER BY c.oid DESC LIMIT 1)';

/**
 * Counting rows would take locks, so the statistics decide whether a table had rows. A table without statistics
 * has the number of rows of its last ANALYZE. Before version 15, PostgreSQL publishes statistics up to a second
 * later, so that either of them is enough.
 */
const HAD_ROWS = `
  CASE WHEN pg_catalog.current_setting('server_version_num')::int < 150000
       THEN c.reltuples > 0::real OR pg_catalog.pg_stat_get_live_tuples(c.oid) > 0
       WHEN pg_catalog.pg_stat_get_tuples_inserted(c.oid) > 0 OR pg_catalog.pg_stat_get_tuples_deleted(c.oid) > 0
       THEN pg_catalog.pg_stat_get_live_tuples(c.oid) > 0 ELSE c.reltuples > 0::real END`;

/**
 * The counts of earlier transactions of the session, and what else must be known at the start of a transaction
 * that has changed nothing.
 */
export const START_OBSERVATION = `
  SELECT pg_catalog.json_build_object(
    'isCounting', pg_catalog.current_setting('track_counts') <> 'off',
    'newestId', ${NEWEST_ID},
    'counted', (
      SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
               'id', s.id, 'inserted', s.inserted, 'updated', s.updated, 'deleted', s.deleted))
        FROM (SELECT c.oid::text AS id, pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) AS inserted,
                     pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS updated,
                     pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS deleted
                FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') OFFSET 0) s
       WHERE s.inserted + s.updated + s.deleted > 0))::text AS observed`;

/**
 * The names of constraint triggers that may wait for the end of the transaction, of tables that it has locked to
 * write them. Null: none. Foreign keys are left out: they may be valid at the commit only, and write no row then.
 */
const DEFERRED = `(
    SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.conname), ', ')
      FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_trigger t ON t.tgrelid = l.relation
           JOIN pg_catalog.pg_constraint c ON c.oid = t.tgconstraint AND c.contype = 't'
           JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace
     WHERE l.pid = pg_catalog.pg_backend_pid() AND l.mode = 'RowExclusiveLock' AND l.database = ${CURRENT_DATABASE}
       AND t.tgdeferrable) AS deferred`;

/** Which triggers of earlier migrations may wait for the end of the same transaction. */
export const WAITING_TRIGGERS = `SELECT ${DEFERRED}`;

/**
 * Whether the transaction may have written rows, and whether triggers may wait for its end. A statement that writes rows
 * locks its table, so that the locks of the session show it without a look at the whole catalog. Large objects are rows of
 * two system tables.
 */
const SUSPECT = `
  EXISTS (
    SELECT FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
     WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.database = ${CURRENT_DATABASE}
       AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'f')
       AND (l.mode = 'RowExclusiveLock'
              AND (c.relnamespace <> 'pg_catalog'::pg_catalog.regnamespace OR c.relname = 'pg_largeobject')
         OR l.mode = 'AccessExclusiveLock' AND c.relkind = 'r'
              AND (pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) > 0
                OR pg_catalog.pg_relation_size(c.oid) = 0 AND ${HAD_ROWS})))
  OR pg_catalog.pg_stat_get_xact_tuples_inserted('pg_catalog.pg_largeobject_metadata'::pg_catalog.regclass) > 0
  OR pg_catalog.pg_stat_get_xact_tuples_deleted('pg_catalog.pg_largeobject_metadata'::pg_catalog.regclass) > 0
    AS suspect,
  pg_catalog.current_setting('track_counts') <> 'off' AS counting,
  ${DEFERRED}`;

/** Whether rows may have been written, in one round trip with the columns of the caller. */
export function endObservation({ select, parameters }: ExtraColumns) {
  return { text: `SELECT ${select}, ${SUSPECT}`, parameters };
}

/** The relations that this transaction has locked. */
const HELD = `
  held AS MATERIALIZED (
    SELECT l.relation, l.mode FROM pg_catalog.pg_locks l
     WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.granted
       AND l.mode IN ('RowExclusiveLock', 'AccessExclusiveLock')
       AND l.database = ${CURRENT_DATABASE})`;

const ANCESTORS = `
  (WITH RECURSIVE above AS (
     SELECT i.inhparent AS id FROM pg_catalog.pg_inherits i WHERE i.inhrelid = s.oid
     UNION SELECT i.inhparent FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.id)
   SELECT pg_catalog.json_agg(pg_catalog.json_build_object('schema', n.nspname, 'name', c.relname))
     FROM above a JOIN pg_catalog.pg_class c ON c.oid = a.id JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)`;

/**
 * Row counters of the current transaction. They may still contain the counts of earlier transactions of the
 * session, so only differences are used. Left out are materialized views, because their rows are derived,
 * temporary tables, which end with the session, and tables of extensions, because CREATE EXTENSION fills them.
 * Large objects are rows of two system tables.
 *
 * These are the columns of the view pg_stat_xact_all_tables (system_views.sql), without its slow join to
 * every index.
 */
const COUNTED = `
  SELECT s.oid::text AS id, n.nspname AS schema, s.relname AS name, s.inserted, s.updated, s.deleted,
         s.relnamespace = 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid
           OR EXISTS (SELECT FROM held h WHERE h.relation = s.oid AND h.mode = 'RowExclusiveLock') AS "isHeld",
         ${ANCESTORS} AS ancestors
    FROM (SELECT c.oid, c.relname, c.relnamespace,
                 pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)::float8 AS inserted,
                 pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)::float8 AS updated,
                 pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)::float8 AS deleted
            FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' OFFSET 0) s
    JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
   WHERE s.inserted + s.updated + s.deleted > 0::float8
     AND (n.nspname NOT IN ('pg_catalog', 'information_schema')
       OR n.nspname = 'pg_catalog' AND s.relname IN ('pg_largeobject', 'pg_largeobject_metadata'))
     AND n.nspname !~ '^pg_toast'
     AND (SELECT pg_catalog.count(*) FROM pg_catalog.pg_depend d
           WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AND d.objid = s.oid AND d.deptype = 'e') = 0`;

/** The file of each table that has rows. */
const FILES_AT_START = `
  SELECT c.oid::text AS id, n.nspname AS schema, c.relname AS name, c.relfilenode::text AS file
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND c.relpersistence <> 't'
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND ${HAD_ROWS}`;

/** It reads only tables that this transaction has locked exclusively, so that it never waits for a lock. */
const FILES_AT_END = `
  SELECT s.id, n.nspname AS schema, s.relname AS name, s.file, ${ANCESTORS} AS ancestors
    FROM (SELECT c.oid, c.oid::text AS id, c.relname, c.relnamespace, c.relfilenode::text AS file
            FROM held h JOIN pg_catalog.pg_class c ON c.oid = h.relation
           WHERE h.mode = 'AccessExclusiveLock' AND c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) = 0
             AND ${HAD_ROWS}) s
    JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace`;

const FOREIGN = `
  SELECT s.oid::text AS id, n.nspname AS schema, s.relname AS name, h.mode, ${ANCESTORS} AS ancestors
    FROM held h JOIN pg_catalog.pg_class s ON s.oid = h.relation
    JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
   WHERE s.relkind = 'f' AND h.mode = 'RowExclusiveLock'`;

/** Everything, in one query. */
export function fullObservation(at: 'start' | 'end'): string {
  return `
  WITH ${HELD}
  SELECT pg_catalog.json_build_object(
           'isCounting', pg_catalog.current_setting('track_counts') <> 'off',
           'counted', (SELECT pg_catalog.json_agg(t) FROM (${COUNTED}) t),
           'files', (SELECT pg_catalog.json_agg(t) FROM (${at === 'start' ? FILES_AT_START : FILES_AT_END}) t),
           'foreign', (SELECT pg_catalog.json_agg(t) FROM (${FOREIGN}) t),
           'newestId', ${NEWEST_ID})::text AS observed`;
}

/** @param row of `START_OBSERVATION`, or of a full observation */
export function toObserved(row: Record<string, unknown>): Observed {
  const { isCounting, counted, files, foreign, newestId } = JSON.parse(String(row['observed'])) as {
    readonly [Name in keyof Observed]?: Observed[Name] | null;
  };
  const known = <T extends TableId>(tables: readonly T[] | null | undefined): readonly T[] =>
    (tables ?? []).map((table) => ({ ...table, ancestors: table.ancestors ?? [] }));
  return {
    isCounting: isCounting !== false,
    counted: known(counted),
    files: files === undefined ? undefined : known(files),
    foreign: known(foreign),
    newestId: newestId ?? 0,
  };
}
