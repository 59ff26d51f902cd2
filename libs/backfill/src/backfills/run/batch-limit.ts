/** How many rows the next batch may take: halved to find a poisonous row, lowered for good when batches are too slow. */
export class BatchLimit {
  #wanted: number;
  #ceiling: number;
  #rows: number;

  constructor(batchSize: number) {
    this.#wanted = batchSize;
    this.#ceiling = batchSize;
    this.#rows = batchSize;
  }

  /** A person has set another size, which holds at once, whatever was found out before. */
  follow(batchSize: number): void {
    if (batchSize === this.#wanted) return;
    this.#wanted = this.#ceiling = this.#rows = batchSize;
  }

  get rows(): number {
    return this.#rows;
  }

  succeeded(): void {
    this.#rows = Math.min(this.#ceiling, this.#rows * 2);
  }

  /** @returns false when it cannot be halved any more */
  halve(): boolean {
    if (this.#rows <= 1) return false;
    this.#rows = Math.floor(this.#rows / 2);
    return true;
  }

  /** Halves for the rest of the run. @returns false when it cannot be halved any more */
  lower(): boolean {
    const lowered = this.halve();
    this.#ceiling = this.#rows;
    return lowered;
  }
}
