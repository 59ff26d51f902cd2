/** Number of batches of one size that are measured before the size changes. */
const MEASURED_BATCHES = 5;

/** The times of the last batches of one size, in milliseconds. */
export class BatchTimes {
  #times: number[] = [];

  /** Whether enough batches are measured. */
  get isComplete(): boolean {
    return this.#times.length >= MEASURED_BATCHES;
  }

  /** The median. */
  get typical(): number {
    return median(this.#times);
  }

  /** The 90th percentile. */
  get slowest(): number {
    const sorted = [...this.#times].sort((a, b) => a - b);
    return sorted[Math.ceil(sorted.length * 0.9) - 1] ?? 0;
  }

  add(ms: number): void {
    this.#times.push(ms);
  }

  clear(): void {
    this.#times = [];
  }
}

/** The upper median; 0 without values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
