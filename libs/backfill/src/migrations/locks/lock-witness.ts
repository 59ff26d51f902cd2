import { isSameName, type LockMode, namedTables, type Statement, type TableName } from 'nestjs-backfill-sql';
import type { QueryRunner } from 'typeorm';
import type { SendQuery } from '../guard/row-counters.js';
import { SMALL_TABLE } from './lock-catalog.js';

/**
 * A lock that made other statements wait, as PostgreSQL showed it. Tables that the migration created are left
 * out. @publicApi
 */
export interface HeldLock {
  /** The table with its schema. */
  readonly relation: string;
  /** The strongest lock. */
  readonly mode: LockMode;
  /** Milliseconds from the start of the statement that took it to the end of the transaction. */
  readonly heldMs: number;
  /** The table was written into a new file. */
  readonly rewritten: boolean;
  /** The statement that took it. */
  readonly statement: string;
}

/** A lock of this transaction that makes other statements wait. */
interface Observed {
  readonly id: string;
  readonly name: TableName & { readonly schema: string };
  readonly mode: LockMode;
  /** The number of the relation's file. A new number means that the table was written again. */
  readonly file: string;
  readonly isLarge: boolean;
}

/** A lock on a large table that no statement names. */
export interface UnnamedLock extends Pick<Observed, 'name' | 'mode'> {
  readonly by: SentStatements;
}

interface Held {
  lock: Observed;
  readonly by: SentStatements;
}

/** Statements that were sent in one text. */
export interface SentStatements {
  readonly startedAt: number;
  readonly statements: readonly Statement[];
}

/** It is planned each time, so that it is short: the view pg_locks only adds to the time of its function. */
const HELD = `
  SELECT c.oid::text AS id, c.relnamespace::pg_catalog.regnamespace::text AS schema, c.relname AS name, l.mode,
         c.relfilenode::text AS file, c.reltuples::float8 AS rows, pg_catalog.pg_relation_size(c.oid)::float8 AS bytes
    FROM pg_catalog.pg_lock_status() l JOIN pg_catalog.pg_class c ON c.oid = l.relation
   WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation'
     AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
     AND c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'`;

const FILES = `
  SELECT pg_catalog.json_object_agg(c.oid, c.relfilenode::text)::text AS files
    FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'm')`;

/** The tables of which a relation is a partition or a child. */
const PARENTS = `
  WITH RECURSIVE above AS (
    SELECT i.inhrelid AS child, i.inhparent AS id FROM pg_catalog.pg_inherits i WHERE i.inhrelid::text = ANY ($1)
    UNION SELECT a.child, i.inhparent FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.id)
  SELECT a.child::text AS id, n.nspname AS schema, c.relname AS name
    FROM above a JOIN pg_catalog.pg_class c ON c.oid = a.id JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`;

/** From the weakest. */
const MODES: readonly string[] = [
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];
const SYSTEM_SCHEMA = /^(?:pg_catalog|information_schema|pg_toast.*)$/;

/**
 * Observes the locks of one migration. After a statement that may run routines it looks at once; the locks of
 * other statements are on the tables that they name, so that it looks once, at the end of the transaction.
 */
export class LockWitness {
  readonly #locks: HeldLock[] = [];
  readonly #held = new Map<string, Held>();
  /** Locks of earlier migrations, and of TypeORM's own statements. */
  readonly #heldBefore = new Map<string, LockMode>();
  /** Relations with a higher id are new. */
  #newestId = Infinity;
  #files: ReadonlyMap<string, string> | undefined;
  #unsettled: SentStatements[] = [];

  /** The locks of transactions that have ended. */
  get locks(): readonly HeldLock[] {
    return this.#locks;
  }

  /** Before the first statement. */
  async begin(
    query: SendQuery,
    { newestId, isUnchanged }: { readonly newestId: number; readonly isUnchanged: boolean },
  ): Promise<void> {
    this.#newestId = newestId;
    this.#files = undefined;
    // A transaction without a change holds no lock that could be taken for one of the migration.
    if (!isUnchanged) for (const { id, mode } of await observe(query)) this.#heldBefore.set(id, mode);
  }

  /** Before a statement that may write a table again. */
  async prepare(query: SendQuery): Promise<void> {
    if (this.#files) return;
    const [row] = await query(FILES);
    const files = row?.['files'];
    const byId = typeof files === 'string' ? (JSON.parse(files) as Record<string, string>) : {};
    this.#files = new Map(Object.entries(byId));
  }

  /** After statements. */
  note(sent: SentStatements): void {
    this.#unsettled.push(sent);
  }

  /**
   * In the transaction of the statements that were noted. @returns the new locks on large tables that the statements
   * do not name
   */
  async settle(query: SendQuery): Promise<readonly UnnamedLock[]> {
    const sent = this.#unsettled;
    if (sent.length === 0) return [];
    this.#unsettled = [];
    const taken: Observed[] = [];
    for (const lock of await observe(query)) {
      const held = this.#held.get(lock.id);
      if (held) held.lock = lock;
      else if (Number(lock.id) <= this.#newestId && isStronger(lock.mode, this.#heldBefore.get(lock.id)))
        taken.push(lock);
    }
    // What the first statement names, it has locked.
    const isByFirst = taken.every(({ name }) => isNamedBy(sent.slice(0, 1), [name]));
    const parents = isByFirst ? NO_PARENTS : await parentsOf(query, taken);
    const namesOf = ({ id, name }: Observed) => [name, ...(parents.get(id) ?? [])];
    const held = taken.flatMap((lock) => {
      const by = takerOf(sent, namesOf(lock));
      return by ? [{ lock, by }] : [];
    });
    for (const each of held) this.#held.set(each.lock.id, each);
    return held
      .filter(({ lock }) => lock.isLarge && !isNamedBy(sent, namesOf(lock)))
      .map(({ lock: { name, mode }, by }) => ({ name, mode, by }));
  }

  /** The transaction has ended, and with it its locks. */
  release(): void {
    const endedAt = performance.now();
    for (const { lock, by } of this.#held.values())
      this.#locks.push({
        relation: `${lock.name.schema}.${lock.name.name}`,
        mode: lock.mode,
        heldMs: Math.round(endedAt - by.startedAt),
        rewritten: (this.#files?.get(lock.id) ?? lock.file) !== lock.file,
        statement: shorten(by.statements.map(({ text }) => text).join('; ')),
      });
    this.#held.clear();
    this.#heldBefore.clear();
    this.#unsettled = [];
  }
}

function isStronger(mode: LockMode, other: LockMode | undefined): boolean {
  return other === undefined || MODES.indexOf(mode) > MODES.indexOf(other);
}

const NO_PARENTS: ReadonlyMap<string, readonly TableName[]> = new Map();

/** The first statement that names the relation or a parent of it; otherwise the last, which alone may lock others. */
function takerOf(sent: readonly SentStatements[], names: readonly TableName[]): SentStatements | undefined {
  return sent.find((statements) => isNamedBy([statements], names)) ?? sent.at(-1);
}

function isNamedBy(sent: readonly SentStatements[], names: readonly TableName[]): boolean {
  return sent.some(({ statements }) =>
    namedTables(statements).some((table) => names.some((name) => isSameName(table, name))),
  );
}

/** The strongest lock on each relation. */
async function observe(query: SendQuery): Promise<readonly Observed[]> {
  const strongest = new Map<string, Observed>();
  for (const row of await query(HELD)) {
    const lock: Observed = {
      id: String(row['id']),
      name: { schema: unquoted(String(row['schema'])), name: String(row['name']) },
      mode: row['mode'] as LockMode,
      file: String(row['file']),
      isLarge: Number(row['rows']) > SMALL_TABLE.rows || Number(row['bytes']) > SMALL_TABLE.bytes,
    };
    const other = strongest.get(lock.id);
    if (isStronger(lock.mode, other?.mode) && !SYSTEM_SCHEMA.test(lock.name.schema))
      strongest.set(lock.id, lock);
  }
  return [...strongest.values()];
}

async function parentsOf(
  query: SendQuery,
  locks: readonly Observed[],
): Promise<ReadonlyMap<string, readonly TableName[]>> {
  const parents = new Map<string, TableName[]>();
  for (const { id, schema, name } of await query(PARENTS, [locks.map((lock) => lock.id)]))
    parents.set(String(id), [
      ...(parents.get(String(id)) ?? []),
      { schema: String(schema), name: String(name) },
    ]);
  return parents;
}

function unquoted(identifier: string): string {
  return identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
}

const witnesses = new WeakMap<QueryRunner, LockWitness>();

/** The statements that the runner sends from now on are observed by the witness. */
export function observeLocks(runner: QueryRunner, witness: LockWitness): void {
  witnesses.set(runner, witness);
}

export function witnessOf(runner: QueryRunner): LockWitness | undefined {
  return witnesses.get(runner);
}

function shorten(sql: string): string {
  const line = sql.replace(/\s+/g, ' ').trim();
  return line.length > 160 ? `${line.slice(0, 160)} …` : line;
}
