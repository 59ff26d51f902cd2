import type { Pace } from '../../declare/pace.js';

/** Growth of a batch at most, from one size to the next. */
const GROWTH = 1.5;
/** Growth that is not worth a change. */
const STEADY = 1.1;
/** Batches of one size that are looked at before it grows. */
const SEEN = 5;
/** A batch that takes so many times its target tells of trouble. */
const TROUBLE = 5;

/**
 * How many rows the next batch may take. It grows while batches stay within their target duration, by the slowest tenth of the last
 * few, and falls at once when one takes much longer; it is halved to find a poisonous row, and lowered for good when batches run
 * into their timeout.
 */
export class BatchLimit {
  readonly #declared: Pick<Pace, 'batchSize' | 'maxBatchSize'>;
  /** What a person has set, and is kept to. */
  #set: number | null = null;
  #start: number;
  /** Somebody chose the size: only errors change it. */
  #isFixed: boolean;
  readonly #target: number;
  #ceiling: number;
  #rows: number;
  /** What it returns to once a poisonous row is found. */
  #settled: number;
  #seen: number[] = [];

  constructor({
    batchSize,
    maxBatchSize,
    targetDuration,
  }: Pick<Pace, 'batchSize' | 'maxBatchSize' | 'targetDuration'>) {
    this.#declared = { batchSize, maxBatchSize };
    this.#start = batchSize;
    this.#isFixed = maxBatchSize <= batchSize;
    this.#target = targetDuration;
    this.#ceiling = maxBatchSize;
    this.#rows = this.#settled = Math.min(batchSize, maxBatchSize);
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * @param ms how long the batch took; null where that tells nothing, e.g. since it held fewer rows than it might
   * @returns false when it took so long that the database is to be left alone for a while
   */
  succeeded(ms: number | null): boolean {
    if (this.#rows < this.#settled) this.#rows = Math.min(this.#settled, this.#rows * 2);
    else if (ms !== null && !this.#isFixed) return this.#adapt(ms);
    return true;
  }

  /** @param set by a person, at once and whatever was found out before; null: as the code says again */
  follow(set: number | null): void {
    if (set === this.#set) return;
    this.#set = set;
    this.#start = set ?? this.#declared.batchSize;
    this.#ceiling = set ?? this.#declared.maxBatchSize;
    this.#isFixed = this.#ceiling <= this.#start;
    this.#become(this.#start);
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
    this.#ceiling = this.#settled = this.#rows;
    return lowered;
  }

  #adapt(ms: number): boolean {
    if (ms > TROUBLE * this.#target) {
      this.#become(Math.min(this.#start, Math.ceil(this.#rows / 2)));
      return false;
    }
    this.#seen.push(ms);
    if (this.#seen.length < SEEN) return true;
    const slowest = this.#seen.sort((a, b) => a - b)[Math.ceil(this.#seen.length * 0.9) - 1] ?? this.#target;
    const factor = Math.min(GROWTH, this.#target / slowest);
    // Below where it started it goes only in trouble, since there the pause makes room for others; once there, it finds its own way back.
    const least = this.#rows < this.#start ? 1 : this.#start;
    const most = factor > STEADY ? Math.max(this.#rows + 1, this.#rows * factor) : this.#rows * factor;
    const next = Math.min(this.#ceiling, Math.max(least, Math.floor(most)));
    if (next > this.#rows * STEADY || next < this.#rows / STEADY) this.#become(next);
    else this.#seen = [];
    return true;
  }

  #become(rows: number): void {
    this.#rows = this.#settled = Math.max(1, Math.min(this.#ceiling, rows));
    this.#seen = [];
  }
}
