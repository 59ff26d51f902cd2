import { coversTable } from './refusal.js';

/** The number of rows written to one table, from the counters of this transaction. */
export interface WrittenTable {
  /** The table's name with its schema. */
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly truncated: boolean;
}

/** Sends SQL on the session whose rows are counted, without the guard. */
export type SendQuery = (sql: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>;

/**
 * Row counters of the current transaction. They may still contain the counts of earlier transactions of the
 * session, so only differences are used. Materialized views are excluded, because their rows are derived.
 * Tables of extensions are excluded, because CREATE EXTENSION fills them.
 *
 * These are the columns of the view pg_stat_xact_user_tables (system_views.sql), without its slow join to
 * every index.
 */
const COUNTERS = `
  SELECT n.nspname AS schema, s.*
    FROM (SELECT c.oid, c.oid::text AS id, c.relname AS name, c.relnamespace,
                 pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)::float8 AS inserted,
                 pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)::float8 AS updated,
                 pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)::float8 AS deleted
            FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') OFFSET 0) s
    JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
   WHERE s.inserted + s.updated + s.deleted > 0
     AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
     AND (SELECT count(*) FROM pg_catalog.pg_depend d
           WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = s.oid AND d.deptype = 'e') = 0`;

/** Expressions to select in the same round trip: a select list without FROM. */
export interface ExtraColumns {
  readonly select: string;
  readonly parameters: readonly unknown[];
}

const NO_COLUMNS: ExtraColumns = { select: '1', parameters: [] };

/**
 * The file of each table that has rows. TRUNCATE counts no rows, but it gives the table a new, empty file.
 * This query takes no lock on the tables.
 */
const FILES = `
  SELECT c.oid::text AS id, n.nspname AS schema, c.relname AS name, pg_catalog.pg_relation_filenode(c.oid)::text AS file
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
   WHERE c.relkind = 'r' AND c.relpersistence <> 't'
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
     AND (c.reltuples > 0 OR s.n_live_tup > 0 OR s.n_tup_ins > 0)`;

/**
 * Tables that are empty now. It reads only tables that this transaction has locked exclusively, so that it
 * never waits for a lock.
 */
const EMPTY_NOW = `
  SELECT c.oid::text AS id, pg_catalog.pg_relation_filenode(c.oid)::text AS file
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_locks l ON l.relation = c.oid
   WHERE l.pid = pg_catalog.pg_backend_pid() AND l.mode = 'AccessExclusiveLock' AND l.granted
     AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
     AND c.relkind = 'r' AND pg_catalog.pg_relation_size(c.oid) = 0`;

interface Counted {
  readonly schema: string;
  readonly name: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/**
 * Reads from PostgreSQL's counters how many rows a transaction has written. This is the last check, for SQL
 * that the guard cannot read.
 */
export class RowCounters {
  readonly #query: SendQuery;
  readonly #writableTables: readonly string[];
  #before = new Map<string, Counted>();
  #wasCounting = true;
  #isCounting = true;

  /** @param writableTables `leads` or `crm.leads` */
  constructor(query: SendQuery, writableTables: readonly string[]) {
    this.#query = query;
    this.#writableTables = writableTables;
  }

  /** Reads the counters at the start, for later comparison. @returns the extra columns */
  async begin(extra = NO_COLUMNS): Promise<Record<string, unknown>> {
    const [counted, row] = await this.#count(extra);
    this.#before = counted;
    this.#wasCounting = this.#isCounting;
    return row;
  }

  /** Whether SQL that the guard cannot read has turned the counters off since `begin()`. */
  get hasStoppedCounting(): boolean {
    return this.#wasCounting && !this.#isCounting;
  }

  /** @returns tables that were written without an exemption since `begin()`, in the same transaction */
  async written(extra = NO_COLUMNS): Promise<readonly WrittenTable[]> {
    const written: WrittenTable[] = [];
    const [counted] = await this.#count(extra);
    for (const [id, now] of counted) {
      const before = this.#before.get(id);
      const inserted = now.inserted - (before?.inserted ?? 0);
      const updated = now.updated - (before?.updated ?? 0);
      const deleted = now.deleted - (before?.deleted ?? 0);
      if (inserted + updated + deleted > 0 && !this.#mayWrite(now))
        written.push({ table: `${now.schema}.${now.name}`, inserted, updated, deleted, truncated: false });
    }
    return written;
  }

  /**
   * Runs `work` and returns the tables that it truncated. It needs two queries, so it is used only for SQL
   * that the guard cannot read.
   */
  async truncatedBy<T>(work: () => Promise<T>): Promise<readonly [T, readonly WrittenTable[]]> {
    const before = new Map((await this.#query(FILES)).map((row) => [String(row['id']), row]));
    const result = await work();
    const truncated: WrittenTable[] = [];
    for (const row of await this.#query(EMPTY_NOW)) {
      const old = before.get(String(row['id']));
      if (!old || old['file'] === row['file']) continue;
      const table = { schema: String(old['schema']), name: String(old['name']) };
      if (!this.#mayWrite(table))
        truncated.push({
          table: `${table.schema}.${table.name}`,
          inserted: 0,
          updated: 0,
          deleted: 0,
          truncated: true,
        });
    }
    return [result, truncated];
  }

  #mayWrite(table: { readonly schema: string; readonly name: string }): boolean {
    return this.#writableTables.some((listed) => coversTable(listed, table));
  }

  async #count({
    select,
    parameters,
  }: ExtraColumns): Promise<readonly [Map<string, Counted>, Record<string, unknown>]> {
    const rows = await this.#query(
      `SELECT b.*, pg_catalog.current_setting('track_counts') AS counting, s.* FROM (SELECT ${select} OFFSET 0) b LEFT JOIN (${COUNTERS}) s ON true`,
      [...parameters],
    );
    this.#isCounting = rows[0]?.['counting'] !== 'off';
    const counted = rows.filter(({ id }) => id !== null);
    return [
      new Map(
        counted.map((row) => [
          String(row['id']),
          {
            schema: String(row['schema']),
            name: String(row['name']),
            inserted: Number(row['inserted']),
            updated: Number(row['updated']),
            deleted: Number(row['deleted']),
          },
        ]),
      ),
      rows[0] ?? {},
    ];
  }
}
