import { coversTable } from './refusal.js';

/** Rows of one table, as the counters of this transaction show them. */
export interface WrittenTable {
  /** With its schema. */
  readonly table: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly truncated: boolean;
}

/** Runs SQL on the session that is watched, unguarded. */
export type Ask = (sql: string, parameters?: unknown[]) => Promise<Record<string, unknown>[]>;

/**
 * The difference to what a transaction began with, because counters of the session's earlier transactions may still be in
 * it. Left out: materialized views, whose rows are derived, and tables that belong to an extension, which CREATE EXTENSION fills.
 *
 * This is what the view pg_stat_xact_user_tables shows (system_views.sql), without its join to every index, which takes longer
 * than all the rest.
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

/** Something to be asked or set in the same round trip: a select list without FROM. */
export interface Beside {
  readonly select: string;
  readonly parameters: readonly unknown[];
}

const NOTHING: Beside = { select: '1', parameters: [] };

/** TRUNCATE counts no rows, but gives the table an empty file of another name. Takes no lock on the tables. */
const FILES = `
  SELECT c.oid::text AS id, n.nspname AS schema, c.relname AS name, pg_catalog.pg_relation_filenode(c.oid)::text AS file
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_stat_all_tables s ON s.relid = c.oid
   WHERE c.relkind = 'r' AND c.relpersistence <> 't'
     AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
     AND (c.reltuples > 0 OR s.n_live_tup > 0 OR s.n_tup_ins > 0)`;

/** Of tables that this transaction has locked exclusively: its own, so that asking for the size waits for nobody. */
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

/** PostgreSQL's own word on what a transaction has written: the last witness, for SQL that could not be read. */
export class RowWitness {
  #before = new Map<string, Counted>();
  #countedBefore = true;
  #counts = true;

  constructor(
    private readonly ask: Ask,
    /** Tables that may be written: `leads` or `crm.leads`. */
    private readonly mayWrite: readonly string[],
  ) {}

  /** Takes what the counters show now for the beginning. @returns what stood beside */
  async begin(beside = NOTHING): Promise<Record<string, unknown>> {
    const [counted, row] = await this.#count(beside);
    this.#before = counted;
    this.#countedBefore = this.#counts;
    return row;
  }

  /** The counters were switched off since `begin()`, by SQL that could not be read. */
  get blinded(): boolean {
    return this.#countedBefore && !this.#counts;
  }

  /** @returns the tables that were written since `begin()`, in the same transaction, and should not have been */
  async written(beside = NOTHING): Promise<readonly WrittenTable[]> {
    const written: WrittenTable[] = [];
    const [counted] = await this.#count(beside);
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

  /** Runs `work`, and tells which tables were truncated by it. Two more queries: only for what could not be read. */
  async truncatedBy<T>(work: () => Promise<T>): Promise<readonly [T, readonly WrittenTable[]]> {
    const before = new Map((await this.ask(FILES)).map((row) => [String(row['id']), row]));
    const result = await work();
    const truncated: WrittenTable[] = [];
    for (const row of await this.ask(EMPTY_NOW)) {
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
    return this.mayWrite.some((listed) => coversTable(listed, table));
  }

  async #count({
    select,
    parameters,
  }: Beside): Promise<readonly [Map<string, Counted>, Record<string, unknown>]> {
    const rows = await this.ask(
      `SELECT b.*, pg_catalog.current_setting('track_counts') AS counting, s.* FROM (SELECT ${select} OFFSET 0) b LEFT JOIN (${COUNTERS}) s ON true`,
      [...parameters],
    );
    this.#counts = rows[0]?.['counting'] !== 'off';
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
