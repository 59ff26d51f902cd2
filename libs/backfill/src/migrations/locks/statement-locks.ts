import type { Statement } from 'nestjs-backfill-sql';
import type { QueryRunner } from 'typeorm';
import type { SendQuery } from '../guard/row-counters.js';
import type { LockGuard } from './lock.guard.js';
import { LockWitness, type SentStatements, witnessOf } from './lock-witness.js';

export interface StatementLocksOptions {
  readonly runner: QueryRunner;
  readonly query: SendQuery;
  readonly guard: { readonly locks: LockGuard };
}

/** What is known of statements before they are sent. */
interface Unsent {
  /** Those that may lock tables. */
  readonly statements: readonly Statement[];
  /** They lock the tables that they name, and write none of them again. */
  readonly isInert: boolean;
  /** They run SQL that the guard could not read. */
  readonly isUnread: boolean;
}

/** Observes what statements have locked, given the time at which they were sent. */
type Settle = (startedAt: number) => Promise<void>;

const NEWEST = 'SELECT c.oid::text AS newest FROM pg_catalog.pg_class c ORDER BY c.oid DESC LIMIT 1';

/** Observes the locks of statements while they run, and warns of those that no rule could judge. */
export class StatementLocks {
  readonly #options: StatementLocksOptions;

  constructor(options: StatementLocksOptions) {
    this.#options = options;
  }

  /** Before the statements are sent. @returns to call after them; undefined if nothing is to be observed */
  watch(unsent: Unsent): Settle | Promise<Settle> | undefined {
    const { statements, isInert, isUnread } = unsent;
    const known = witnessOf(this.#options.runner);
    if (statements.length === 0 || (!known && !isUnread)) return undefined;
    return known && isInert ? this.#settleAfter(known, unsent) : this.#prepare(known, unsent);
  }

  async #prepare(known: LockWitness | undefined, unsent: Unsent): Promise<Settle> {
    const witness = known ?? (await this.#newWitness());
    if (known && !unsent.isInert) {
      // What earlier statements have locked must not be taken for locks of this one.
      this.#options.guard.locks.warnOfUnnamed(await known.settle(this.#options.query));
      await known.prepare(this.#options.query);
    }
    return this.#settleAfter(witness, unsent);
  }

  #settleAfter(witness: LockWitness, { statements, isInert }: Unsent): Settle {
    return (startedAt) => this.#settle(witness, { startedAt, statements }, isInert ? 'later' : 'now');
  }

  /** An inert statement locks the tables that it names, so that one look at the end is enough. */
  async #settle(witness: LockWitness, sent: SentStatements, when: 'now' | 'later'): Promise<void> {
    const { query, guard } = this.#options;
    witness.note(sent);
    if (when === 'now') guard.locks.warnOfUnnamed(await witness.settle(query));
  }

  /** The locks of a migration are reported by the phase only. */
  async #newWitness(): Promise<LockWitness> {
    const { query } = this.#options;
    const witness = new LockWitness();
    const [row] = await query(NEWEST);
    await witness.begin(query, { newestId: Number(row?.['newest']), isUnchanged: false });
    return witness;
  }
}
