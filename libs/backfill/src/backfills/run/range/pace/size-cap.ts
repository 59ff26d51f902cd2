/** Number of good batches after which a lowered maximum doubles. It doubles if the maximum is lowered again. */
const MIN_GOOD_BATCHES = 20;
const MAX_GOOD_BATCHES = 1_280;

/**
 * A maximum of the batch size that was lowered after a timeout or a lost connection. The size may not have
 * been the cause, so the maximum rises again after enough good batches. If a batch then fails again, the next
 * rise takes twice as many.
 */
export class SizeCap {
  #rows = Infinity;
  #goodBatches = 0;
  #neededBatches = MIN_GOOD_BATCHES;
  #hasRisen = false;

  /** The maximum; `Infinity` if it is not lowered. */
  get rows(): number {
    return this.#rows;
  }

  lowerTo(rows: number): void {
    if (this.#hasRisen) this.#neededBatches = Math.min(MAX_GOOD_BATCHES, this.#neededBatches * 2);
    this.#hasRisen = false;
    this.#rows = rows;
    this.#goodBatches = 0;
  }

  /** Removes the maximum, e.g. because a person has set the size. */
  remove(): void {
    this.#rows = Infinity;
  }

  /**
   * @param verdict whether a larger batch would still be fast enough
   * @returns whether the maximum has risen
   */
  batchFinished(verdict: 'good' | 'slow'): boolean {
    if (this.#rows === Infinity) return false;
    this.#goodBatches = verdict === 'good' ? this.#goodBatches + 1 : 0;
    if (this.#goodBatches < this.#neededBatches) return false;
    this.#rows *= 2;
    this.#goodBatches = 0;
    return (this.#hasRisen = true);
  }
}
