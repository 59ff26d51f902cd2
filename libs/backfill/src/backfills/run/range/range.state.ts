import type { Key, LeasedRange } from '../../../ledger/range.js';

/**
 * The range that a worker holds: a copy of its row in the ledger, which follows each committed transaction.
 */
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
   * The current step changes rows: an error is the fault of one of them, not of the query that finds them.
   */
  get isInBatch(): boolean {
    return this.#isInBatch;
  }

  /** The worker must take its lease again before it does anything else. */
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

  /** Only in memory: the next batch or the next window writes its end to the ledger. */
  windowShortened(windowUpper: Key): void {
    this.#range = { ...this.#range, windowUpper };
  }

  leaseDoubted(): void {
    this.#isLeaseInDoubt = true;
  }

  /** @param range as the ledger has it, which knows whether the last batch was committed */
  leaseTaken(range: LeasedRange): void {
    this.#range = range;
    this.#isLeaseInDoubt = false;
  }
}
