import type { Key } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import { classifyFailure } from '../outcome/failure.js';
import type { RangeContext } from './range.context.js';
import { changeOrQuarantine } from './row.changer.js';

/**
 * Maximum duration of one wait for a row's lock. Between two waits, the worker tries the other skipped rows.
 */
const MAX_LOCK_WAIT_MS = 1_000;

/**
 * Changes the rows that the sweep skipped. It goes through their list until the list is empty. If every row
 * of the list is locked, it waits for one row, then starts again.
 */
export class Settling {
  readonly #context: RangeContext;
  /** The last key of the list that was tried; null: at the start of the list. */
  #position: Key | null = null;
  #awaitedRow: Key | null = null;
  #rowWaitStartedAt = 0;
  /** When the waits began of which none has got a lock so far. */
  #waitingSince: number | null = null;

  constructor(context: RangeContext) {
    this.#context = context;
  }

  /** The row whose lock the settling pass waits for. */
  get awaitedRow(): Key | null {
    return this.#awaitedRow;
  }

  /** Milliseconds since the last lock was acquired, of all rows that were waited for. */
  get waitedMs(): number {
    return performance.now() - (this.#waitingSince ?? 0);
  }

  /**
   * Milliseconds left of the wait for one row. If the row itself was free, but not another lock that its
   * change needs, the batch failed at once. The worker sleeps for the rest of the time and holds no lock
   * meanwhile.
   */
  get remainingWaitMs(): number {
    return Math.max(0, this.#lockWaitMs - (performance.now() - this.#rowWaitStartedAt));
  }

  get #lockWaitMs(): number {
    return Math.min(MAX_LOCK_WAIT_MS, this.#context.tools.selection.definition.pace.lockTimeout);
  }

  /** The next step tries the whole list again, because other rows may be free by then. */
  stopWaiting(): void {
    this.#awaitedRow = null;
  }

  /** @returns true if no skipped row is left */
  async step(session: Session): Promise<boolean> {
    if (this.#awaitedRow !== null) {
      await this.#waitFor(session, this.#awaitedRow);
      return false;
    }
    const { tools, state, pacer } = this.#context;
    const keys = await tools.ledger.skipped.list(session, state.range, this.#position, pacer.limit.rows);
    if (keys.length === 0) return this.#finishList(session);
    const isProgress =
      keys.length === 1 && keys[0]
        ? await this.#tryRow(session, keys[0])
        : await this.#tryRows(session, keys);
    if (isProgress) this.#waitingSince = null;
    this.#position = keys.at(-1) ?? null;
    return false;
  }

  /** @returns whether any of the rows is no longer pending */
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

  /** @returns false if the row is still pending, because it or another row that its change needs is locked */
  async #tryRow(session: Session, key: Key): Promise<boolean> {
    try {
      const change = { lockTimeoutMs: null, cursor: null };
      const isStillPending = await changeOrQuarantine(this.#context, session, key, change);
      this.#context.pacer.limit.succeeded(null);
      return !isStillPending;
    } catch (error) {
      if (classifyFailure(error) !== 'lock') throw error;
      return false;
    }
  }

  /** @returns true if the list is empty; otherwise the next step waits for the first row of the list */
  async #finishList(session: Session): Promise<boolean> {
    if (this.#position === null) return true;
    this.#position = null;
    const { tools, state } = this.#context;
    const [first] = await tools.ledger.skipped.list(session, state.range, null, 1);
    this.#awaitedRow = first ?? null;
    return first === undefined;
  }

  /** Waits for a single row and holds no other lock, so that no other session has to wait for this one. */
  async #waitFor(session: Session, key: Key): Promise<void> {
    this.#rowWaitStartedAt = performance.now();
    this.#waitingSince ??= this.#rowWaitStartedAt;
    await changeOrQuarantine(this.#context, session, key, { lockTimeoutMs: this.#lockWaitMs, cursor: null });
    this.#awaitedRow = null;
    this.#waitingSince = null;
  }
}
