import type { BatchOutcome } from '../../../batch/batch.js';
import type { LockMode } from '../../../batch/batch.policy.js';

/** Size of a window, as a number of batches. */
const WINDOW_BATCHES = 50;
const MIN_KEYS = 1_000;
const MAX_KEYS = 200_000;
/** A window that cannot be read within the statement timeout is divided by this factor. */
const SHRINK_FACTOR = 4;

/** The properties of a batch that a window needs for its counters. */
export interface WindowBatch {
  readonly limit: number;
  readonly lockMode: LockMode;
}

/** The counters of the current window, and the size of the next one. */
export class SweepWindow {
  /** The size of the next window in keys. It grows while no row is pending. */
  #keys: number;
  #maxKeys = MAX_KEYS;
  /** Size of the current window in keys; `Infinity` if it is not known, because the range was read again. */
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

  /** Whether the window has no pending row after the cursor. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /**
   * Whether the window may have pending rows before the cursor: rows that were skipped because they were
   * locked, or whose change a trigger reverted.
   */
  get mayHaveSkipped(): boolean {
    return this.#mayHaveSkipped;
  }

  /** Whether the window may contain more keys after another batch of `limit` rows. */
  hasRoomBeyond(limit: number): boolean {
    return this.#selectedRows + limit < this.#openedKeys;
  }

  batchFinished({ selected, changed }: BatchOutcome, { limit, lockMode }: WindowBatch): void {
    this.#isExhausted = selected < limit;
    this.#selectedRows += selected;
    this.#mayHaveSkipped ||= lockMode === 'locking' || changed < selected;
    if (selected > 0) this.#hasPending = true;
  }

  /** Called when a query outside of a regular batch found a pending row. */
  pendingFound(): void {
    this.#hasPending = true;
  }

  rowsSkipped(): void {
    this.#mayHaveSkipped = true;
  }

  exhausted(): void {
    this.#isExhausted = true;
  }

  /** Called when the range was read from the ledger again, because another worker may have changed it. */
  reset(): void {
    this.#isExhausted = false;
    this.#mayHaveSkipped = true;
    this.#openedKeys = Infinity;
  }

  /** Shrinks this window and all later ones. @returns false if the size is already one key */
  shrink(): boolean {
    if (this.#keys <= 1) return false;
    this.#maxKeys = this.#keys = Math.max(1, Math.floor(this.#keys / SHRINK_FACTOR));
    this.#isExhausted = false;
    return true;
  }

  /**
   * Sets the size of the next window. After a window without a pending row it doubles, so that a sweep with
   * few pending rows needs few statements.
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
