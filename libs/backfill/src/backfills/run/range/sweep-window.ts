import type { BatchOutcome } from '../../batch/batch.js';
import type { LockMode } from '../../batch/batch.policy.js';

/** Keys of a window, in batches. */
const WINDOW_BATCHES = 50;
const MIN_KEYS = 1_000;
const MAX_KEYS = 200_000;
/** Factor by which a window shrinks if it cannot be read within the statement timeout. */
const SHRINK_FACTOR = 4;

/** The batch that a window's counters are updated for. */
export interface WindowBatch {
  readonly limit: number;
  readonly lockMode: LockMode;
}

/** What the sweep knows about its current window, and the size of the next one. */
export class SweepWindow {
  /** The size in keys. It grows while no row is pending. */
  #keys: number;
  #maxKeys = MAX_KEYS;
  /** Keys of the current window; `Infinity` if another worker opened it. */
  #openedKeys = Infinity;
  #selectedRows = 0;
  #hasPending = false;
  #isExhausted = false;
  #mayHaveSkipped = true;

  constructor(batchSize: number) {
    this.#keys = Math.min(MAX_KEYS, Math.max(MIN_KEYS, batchSize * WINDOW_BATCHES));
  }

  get keys(): number {
    return this.#keys;
  }

  /** No pending row is left after the cursor. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /**
   * Pending rows may be left behind the cursor: skipped because they were locked, or reverted by a trigger.
   */
  get mayHaveSkipped(): boolean {
    return this.#mayHaveSkipped;
  }

  /** Whether keys can be left in the window after one more batch of `limit` rows. */
  hasRoomBeyond(limit: number): boolean {
    return this.#selectedRows + limit < this.#openedKeys;
  }

  batchFinished({ selected, changed }: BatchOutcome, { limit, lockMode }: WindowBatch): void {
    this.#isExhausted = selected < limit;
    this.#selectedRows += selected;
    this.#mayHaveSkipped ||= lockMode === 'locking' || changed < selected;
    if (selected > 0) this.#hasPending = true;
  }

  /** A pending row was found by other means than a regular batch. */
  pendingFound(): void {
    this.#hasPending = true;
  }

  rowsSkipped(): void {
    this.#mayHaveSkipped = true;
  }

  exhausted(): void {
    this.#isExhausted = true;
  }

  /** The range was read from the ledger again: another worker may have changed it meanwhile. */
  reset(): void {
    this.#isExhausted = false;
    this.#mayHaveSkipped = true;
    this.#openedKeys = Infinity;
  }

  /** Shrinks this and all later windows. @returns false if the window is one key already */
  shrink(): boolean {
    if (this.#keys <= 1) return false;
    this.#maxKeys = this.#keys = Math.max(1, Math.floor(this.#keys / SHRINK_FACTOR));
    this.#isExhausted = false;
    return true;
  }

  /**
   * A window without a pending row doubles the next one, so that the sweep crosses a sparse table quickly.
   */
  grow(batchRows: number): void {
    const wanted = this.#hasPending ? batchRows * WINDOW_BATCHES : this.#keys * 2;
    this.#keys = Math.min(this.#maxKeys, Math.max(this.#keys, wanted));
  }

  opened({ mayHaveSkipped }: { readonly mayHaveSkipped: boolean }): void {
    this.#openedKeys = this.#keys;
    this.#selectedRows = 0;
    this.#hasPending = false;
    this.#isExhausted = false;
    this.#mayHaveSkipped = mayHaveSkipped;
  }
}
