import type { Key } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import { classifyFailure } from '../outcome/failure.js';
import type { RangeContext } from './range.context.js';
import { changeOrQuarantine } from './row.changer.js';

/** Maximum time of one wait for a row's lock. Between two waits, the worker tries the other skipped rows. */
const MAX_LOCK_WAIT_MS = 1_000;

/**
 * The settling pass: changes the rows that the sweep skipped. It tries all rows of the list, then waits for
 * the lock of the first row that is still listed, then tries all rows again, until the list is empty. After a row whose
 * change something else than a lock prevents, e.g. a trigger, it goes on with the row after it: the others are probably
 * like it, and a pass after each of them would take quadratic time.
 */
export class Settling {
  readonly #context: RangeContext;
  /** The key of the last row that was tried; null: the next step starts with the first row of the list. */
  #position: Key | null = null;
  #awaitedRow: Key | null = null;
  #rowWaitStartedAt = 0;
  /** Start of the consecutive waits that acquired no lock; null: no such wait. */
  #waitingSince: number | null = null;

  constructor(context: RangeContext) {
    this.#context = context;
  }

  /** The key of the row for whose lock the next step waits; null: the next step tries the listed rows. */
  get awaitedRow(): Key | null {
    return this.#awaitedRow;
  }

  /** Milliseconds since the first of the consecutive waits that acquired no lock. */
  get waitedMs(): number {
    return performance.now() - (this.#waitingSince ?? 0);
  }

  /**
   * Milliseconds until the wait for one row has taken its full time. The batch fails earlier if the row
   * itself is free and only another lock that its change needs is not available. The worker then sleeps for
   * this time and holds no lock.
   */
  get remainingWaitMs(): number {
    return Math.max(0, this.#lockWaitMs - (performance.now() - this.#rowWaitStartedAt));
  }

  get #lockWaitMs(): number {
    return Math.min(MAX_LOCK_WAIT_MS, this.#context.tools.selection.definition.pace.lockTimeout);
  }

  /** Ends the wait for one row. The next step tries the whole list again, because other rows may be free. */
  stopWaiting(): void {
    this.#awaitedRow = null;
  }

  /** @returns true if the list of skipped rows is empty */
  async step(session: Session): Promise<boolean> {
    if (this.#awaitedRow !== null) {
      await this.#waitFor(session, this.#awaitedRow);
      return false;
    }
    const { tools, state, pacer } = this.#context;
    const keys = await tools.ledger.skipped.list(session, state.range, this.#position, pacer.limit.rows);
    if (keys.length === 0) return this.#finishPass(session);
    const hasProgress =
      keys.length === 1 && keys[0]
        ? await this.#tryRow(session, keys[0])
        : await this.#tryRows(session, keys);
    if (hasProgress) this.#waitingSince = null;
    this.#position = keys.at(-1) ?? null;
    return false;
  }

  /** @returns whether at least one of the rows is no longer pending */
  async #tryRows(session: Session, keys: readonly Key[]): Promise<boolean> {
    const { tools, state, pacer } = this.#context;
    state.batchStarted();
    const outcome = await tools.runner.byKey(session, state.range, {
      keys,
      lockTimeoutMs: null,
      cursor: null,
      number: tools.log.nextBatch,
      signal: tools.stop.signal,
    });
    if (outcome.selected > 0) await pacer.batchCommitted(outcome);
    return outcome.stillPending < keys.length;
  }

  /** @returns false if the row is still pending because a lock that its change needs is not available */
  async #tryRow(session: Session, key: Key): Promise<boolean> {
    try {
      const change = { lockTimeoutMs: null, cursor: null, unchangedRow: 'try-again' } as const;
      const result = await changeOrQuarantine(this.#context, session, key, change);
      this.#context.pacer.limit.succeeded(null);
      return result !== 'still-pending';
    } catch (error) {
      if (classifyFailure(error) !== 'lock') throw error;
      return false;
    }
  }

  /**
   * Ends one pass over the list.
   *
   * @returns true if the list is empty; otherwise the next step waits for its first row
   */
  async #finishPass(session: Session): Promise<boolean> {
    if (this.#position === null) return true;
    this.#position = null;
    const { tools, state } = this.#context;
    const [first] = await tools.ledger.skipped.list(session, state.range, null, 1);
    this.#awaitedRow = first ?? null;
    return first === undefined;
  }

  /**
   * Waits for the lock of one row and holds no other row lock, so that no other session waits for this one.
   */
  async #waitFor(session: Session, key: Key): Promise<void> {
    this.#rowWaitStartedAt = performance.now();
    this.#waitingSince ??= this.#rowWaitStartedAt;
    const result = await changeOrQuarantine(this.#context, session, key, {
      lockTimeoutMs: this.#lockWaitMs,
      cursor: null,
      unchangedRow: 'quarantine',
    });
    const { tools, state } = this.#context;
    const next =
      result === 'quarantined' ? await tools.ledger.skipped.list(session, state.range, key, 1) : [];
    this.#awaitedRow = next[0] ?? null;
    this.#waitingSince = null;
  }
}
