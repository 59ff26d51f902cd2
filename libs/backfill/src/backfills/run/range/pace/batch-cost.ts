import { median } from './batch-times.js';

/** The typical time of the batches of one size. */
export interface SizeCost {
  readonly rows: number;
  readonly ms: number;
}

/** Two sizes that differ by a smaller factor do not show how the time depends on the rows. */
const MIN_DISTANCE = 1.4;
/** Times that differ less may differ by chance. */
const OUTDATED_SHARE = 0.8;
/** A measurement is forgotten after this number of newer ones, because the server changes. */
const MAX_AGE = 40;

/**
 * Separates the fixed part of a batch's time from the part that grows with its rows. It draws a line through
 * the newest measurement and each measurement of another size, and takes the median of their values at zero
 * rows (an estimator like that of Theil and Sen, which single outliers do not move).
 */
export class BatchCost {
  #newest: SizeCost | null = null;
  /** Measurements of other sizes, and the number of the measurement after which each is forgotten. */
  #others: (SizeCost & { readonly until: number })[] = [];
  #count = 0;

  measured(size: SizeCost): void {
    const previous = this.#newest;
    this.#newest = size;
    this.#count++;
    if (previous) this.#others.push({ ...previous, until: this.#count + MAX_AGE });
    this.#others = this.#others.filter(
      (other) => other.until > this.#count && isOtherSize(other, size) && !isOutdated(other, size),
    );
  }

  /** The part of the time that a batch takes however few rows it has, in milliseconds; 0 if not known. */
  get fixedMs(): number {
    const newest = this.#newest;
    if (newest === null || this.#others.length === 0) return 0;
    const atZeroRows = median(this.#others.map((other) => valueAtZero(newest, other)));
    const least = Math.min(newest.ms, ...this.#others.map(({ ms }) => ms));
    return Math.min(Math.max(0, atZeroRows), least);
  }
}

function isOtherSize(other: SizeCost, { rows }: SizeCost): boolean {
  return Math.max(other.rows / rows, rows / other.rows) >= MIN_DISTANCE;
}

/** A larger batch that takes clearly less time proves that the server has become faster. */
function isOutdated(other: SizeCost, newest: SizeCost): boolean {
  return newest.rows > other.rows && newest.ms < OUTDATED_SHARE * other.ms;
}

function valueAtZero(a: SizeCost, b: SizeCost): number {
  const perRow = (a.ms - b.ms) / (a.rows - b.rows);
  return a.ms - a.rows * perRow;
}
