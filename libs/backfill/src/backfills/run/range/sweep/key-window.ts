import type { Key } from '../../../../ledger/range.js';
import type { BatchOutcome } from '../../../batch/batch.js';
import type { BatchStage } from '../pace/batch.pacer.js';
import { SHRINK_FACTOR, WINDOW_BATCHES, type SweepWindow, type WindowBatch } from './sweep-window.js';

const MIN_KEYS = 1_000;
const MAX_KEYS = 200_000;

/** A window of keys. */
export class KeyWindow implements SweepWindow {
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

  get size(): number {
    return this.#keys;
  }

  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  get hasPending(): boolean {
    return this.#hasPending;
  }

  get mayHaveSkipped(): boolean {
    return this.#mayHaveSkipped;
  }

  region(): null {
    return null;
  }

  pagesAt(): null {
    return null;
  }

  stageAt(): BatchStage {
    return 'regular';
  }

  /** The server reads the cursor of the next batch from the ledger. */
  expectedCursor({ cursor }: WindowBatch): Key | null {
    return cursor;
  }

  hasRoomBeyond(inFlight: readonly WindowBatch[]): boolean {
    const rows = inFlight.reduce((sum, { limit }) => sum + limit, 0);
    return this.#selectedRows + rows < this.#openedKeys;
  }

  batchFinished({ selected, changed }: BatchOutcome, { limit, lockMode }: WindowBatch): void {
    this.#isExhausted = selected < limit;
    this.#selectedRows += selected;
    this.#mayHaveSkipped ||= lockMode === 'locking' || changed < selected;
    if (selected > 0) this.#hasPending = true;
  }

  pendingFound(): void {
    this.#hasPending = true;
  }

  rowsSkipped(): void {
    this.#mayHaveSkipped = true;
  }

  exhausted(): void {
    this.#isExhausted = true;
  }

  reset(): void {
    this.#isExhausted = false;
    this.#mayHaveSkipped = true;
    this.#openedKeys = Infinity;
  }

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
