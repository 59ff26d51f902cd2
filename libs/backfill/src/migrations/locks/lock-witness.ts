import {
  type LockMode,
  type ObservedLock,
  OBSERVED_LOCKS,
  observedLockOf,
  RELATION_FILES,
  type RelationFiles,
  relationFilesOf,
} from 'nestjs-backfill-sql';
import type { QueryRunner } from 'typeorm';
import type { SendQuery } from '../guard/row-counters.js';

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

interface Held {
  lock: ObservedLock;
  readonly since: number;
  readonly statement: string;
}

/** Observes the locks of one migration, statement by statement. */
export class LockWitness {
  readonly #locks: HeldLock[] = [];
  readonly #held = new Map<string, Held>();
  /** Locks of earlier migrations, and of TypeORM's own statements. */
  readonly #heldBefore = new Set<string>();
  #before: RelationFiles | undefined;

  /** The locks of transactions that have ended. */
  get locks(): readonly HeldLock[] {
    return this.#locks;
  }

  /** Before the first statement. */
  async begin(query: SendQuery): Promise<void> {
    if (this.#before) return;
    this.#before = relationFilesOf((await query(RELATION_FILES))[0]);
    for (const row of await query(OBSERVED_LOCKS)) this.#heldBefore.add(observedLockOf(row).id);
  }

  /** After a statement, in its transaction. */
  async note(query: SendQuery, { startedAt, sql }: { readonly startedAt: number; readonly sql: string }) {
    for (const row of await query(OBSERVED_LOCKS)) {
      const lock = observedLockOf(row);
      const held = this.#held.get(lock.id);
      if (held) held.lock = lock;
      else if (Number(lock.id) <= (this.#before?.newestId ?? Infinity) && !this.#heldBefore.has(lock.id))
        this.#held.set(lock.id, { lock, since: startedAt, statement: shorten(sql) });
    }
  }

  /** The transaction has ended, and with it its locks. */
  release(): void {
    const endedAt = performance.now();
    for (const { lock, since, statement } of this.#held.values())
      this.#locks.push({
        relation: `${lock.schema}.${lock.name}`,
        mode: lock.mode,
        heldMs: Math.round(endedAt - since),
        rewritten: (this.#before?.files.get(lock.id) ?? lock.file) !== lock.file,
        statement,
      });
    this.#held.clear();
    this.#heldBefore.clear();
    // The next transaction compares with the files after this one.
    this.#before = undefined;
  }
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
