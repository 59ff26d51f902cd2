import type { Key, LeasedRange } from '../../../ledger/range.js';

/** The worker's copy of its range in the ledger. Each committed transaction updates it. */
export class RangeState {
  #range: LeasedRange;
  #isInBatch = false;
  #isLeaseInDoubt = false;

  constructor(range: LeasedRange) {
    this.#range = range;
  }

  get range(): LeasedRange {
    return this.#range;
  }

  /**
   * Whether the current step changes rows. Then a row causes its error, not a query that searches for rows.
   */
  get isInBatch(): boolean {
    return this.#isInBatch;
  }

  /** Whether the worker must take its lease again before the next step. */
  get isLeaseInDoubt(): boolean {
    return this.#isLeaseInDoubt;
  }

  stepStarted(): void {
    this.#isInBatch = false;
  }

  batchStarted(): void {
    this.#isInBatch = true;
  }

  advanceTo(cursor: Key | null): void {
    this.#range = { ...this.#range, cursor };
  }

  windowOpened(range: LeasedRange): void {
    this.#range = range;
  }

  /** Changes only this copy. The ledger is updated when the next window is opened. */
  windowShortened(windowUpper: Key): void {
    this.#range = { ...this.#range, windowUpper };
  }

  /** The settling pass is next. */
  sweepEnded(): void {
    this.#range = { ...this.#range, state: 'settling' };
  }

  /** Counts a committed batch whose reply has arrived. */
  batchCommitted(changed: number): void {
    this.#range = { ...this.#range, updated: this.#range.updated + changed };
  }

  leaseInDoubt(): void {
    this.#isLeaseInDoubt = true;
  }

  /** @param range the range as read from the ledger, including the last committed batch */
  leaseTaken(range: LeasedRange): void {
    this.#range = range;
    this.#isLeaseInDoubt = false;
  }
}
