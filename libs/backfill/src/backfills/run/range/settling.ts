import type { Key } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import { classifyFailure } from '../outcome/failure.js';
import type { RangeWork } from './range.work.js';

/** Milliseconds of one wait for a row's lock: between two of them the worker looks around. */
const LOCK_SLICE = 1_000;
/** Takes the rows that the sweep had to skip, again and again, and waits for those that are still held: one at a time. */
export class Settling {
  readonly #work: RangeWork;
  /** Where it stands in the list of skipped rows. */
  #settledTo: Key | null = null;
  #awaited: Key | null = null;
  #patientSince: number | null = null;
  #awaitedSince = 0;

  constructor(work: RangeWork) {
    this.#work = work;
  }

  /** The row that is waited for. */
  get awaited(): Key | null {
    return this.#awaited;
  }

  /** Milliseconds since it began to wait for rows of which none came free. */
  get waitedMs(): number {
    return performance.now() - (this.#patientSince ?? 0);
  }

  /**
   * Milliseconds that are left of the wait for one row: it was free, but not what its change needs, and so it was let go at
   * once. What is left is waited for with no row in hand.
   */
  get restMs(): number {
    return Math.max(0, this.#slice - (performance.now() - this.#awaitedSince));
  }

  get #slice(): number {
    return Math.min(LOCK_SLICE, this.#work.tools.selection.definition.pace.lockTimeout);
  }

  /** Other rows may have come free meanwhile. */
  lookAtOthers(): void {
    this.#awaited = null;
  }

  /** @returns true when nothing is left to settle */
  async step(session: Session): Promise<boolean> {
    if (this.#awaited !== null) return this.#await(session, this.#awaited);
    const keys = await this.#work.tools.ledger.skipped.list(
      session,
      this.#work.range,
      this.#settledTo,
      this.#work.limit.rows,
    );
    if (keys.length === 0) return this.#endOfList(session);
    const [only] = keys;
    if (keys.length === 1 && only) {
      if (!(await this.#tryOneRow(session, only))) this.#patientSince = null;
    } else {
      this.#work.inBatch = true;
      const outcome = await this.#work.tools.runner.byKey(session, this.#work.range, {
        keys,
        lockTimeoutMs: null,
        cursor: null,
        number: this.#work.tools.log.nextBatch,
        signal: this.#work.tools.stop.signal,
      });
      if (outcome.stillPending < keys.length) this.#patientSince = null;
      if (outcome.selected > 0) await this.#work.done(outcome);
    }
    this.#settledTo = keys.at(-1) ?? null;
    return false;
  }

  /** @returns whether it is still pending: somebody holds it, or what its change needs */
  async #tryOneRow(session: Session, key: Key): Promise<boolean> {
    try {
      const isHeld = await this.#work.changeOrQuarantine(session, key, null, null);
      this.#work.limit.succeeded(null);
      return isHeld;
    } catch (error) {
      if (classifyFailure(error) !== 'lock') throw error;
      return true;
    }
  }

  async #endOfList(session: Session): Promise<boolean> {
    if (this.#settledTo === null) return true;
    this.#settledTo = null;
    const [first] = await this.#work.tools.ledger.skipped.list(session, this.#work.range, null, 1);
    this.#awaited = first ?? null;
    return first === undefined;
  }

  /** Waits for one row while holding no other, so that nobody waits for us meanwhile. */
  async #await(session: Session, key: Key): Promise<boolean> {
    this.#awaitedSince = performance.now();
    this.#patientSince ??= this.#awaitedSince;
    await this.#work.changeOrQuarantine(session, key, this.#slice, null);
    this.#awaited = null;
    this.#patientSince = null;
    return false;
  }
}
