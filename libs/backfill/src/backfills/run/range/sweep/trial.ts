const MAX_BATCHES = 640;

/**
 * Something that makes a batch faster, but may make it fail. After a failure, the next batches go without it. Their
 * number doubles with each failure, because the cause may last, and decreases by one with each success.
 */
export class Trial {
  readonly #minBatches: number;
  /** Number of batches until it is tried again. */
  #remaining = 0;
  #afterNextFailure: number;

  /** @param minBatches number of batches without it after its first failure */
  constructor(minBatches: number) {
    this.#minBatches = this.#afterNextFailure = minBatches;
  }

  /** Whether the next batch tries it. Called once for each batch that could. */
  next(): boolean {
    if (this.#remaining === 0) return true;
    this.#remaining--;
    return false;
  }

  succeeded(): void {
    this.#afterNextFailure = Math.max(this.#minBatches, this.#afterNextFailure - 1);
  }

  failed(): void {
    this.#remaining = this.#afterNextFailure;
    this.#afterNextFailure = Math.min(MAX_BATCHES, this.#afterNextFailure * 2);
  }
}
