import type { Pace } from '../../../declare/pace.js';

/** Maximum factor of one growth step. */
const MAX_GROWTH = 1.5;
/** A change of the size by a smaller factor is ignored. */
const MIN_CHANGE = 1.1;
/** Number of batches of one size that are measured before the size changes. */
const MEASURED_BATCHES = 5;
/**
 * A batch that takes longer than this factor times its target duration means that the database is overloaded.
 */
const OVERLOAD_FACTOR = 5;

/**
 * `overloaded`: the batch took longer than `OVERLOAD_FACTOR` times its target, so the next pause is longer.
 */
export type BatchHealth = 'healthy' | 'overloaded';

/**
 * The maximum number of rows in the next batch. It grows while the 90th percentile of the last batches'
 * durations is below the target duration, and shrinks at once after an overloaded batch. It is halved
 * temporarily to find a row whose change fails, and halved for the rest of the run after a timeout.
 */
export class BatchLimit {
  readonly #declared: Pick<Pace, 'batchSize' | 'maxBatchSize'>;
  readonly #targetMs: number;
  /** The size that a person set; null: the declared size. */
  #setting: number | null = null;
  #start: number;
  /** Whether the size is fixed by a person or the declaration. Then only errors change it. */
  #isFixed: boolean;
  #max: number;
  #rows: number;
  /** The size to which the limit returns after the row whose change fails was found. */
  #regularRows: number;
  #durations: number[] = [];

  constructor({
    batchSize,
    maxBatchSize,
    targetDuration,
  }: Pick<Pace, 'batchSize' | 'maxBatchSize' | 'targetDuration'>) {
    this.#declared = { batchSize, maxBatchSize };
    this.#start = batchSize;
    this.#isFixed = maxBatchSize <= batchSize;
    this.#targetMs = targetDuration;
    this.#max = maxBatchSize;
    this.#rows = this.#regularRows = Math.min(batchSize, maxBatchSize);
  }

  get rows(): number {
    return this.#rows;
  }

  /**
   * @param durationMs the duration of the batch; null if it is not representative, e.g. of a batch that was
   * not full
   */
  succeeded(durationMs: number | null): BatchHealth {
    if (this.#rows < this.#regularRows) this.#rows = Math.min(this.#regularRows, this.#rows * 2);
    else if (durationMs !== null && !this.#isFixed) return this.#adapt(durationMs);
    return 'healthy';
  }

  /** @param setting the size that a person set, which replaces the measured size; null: the declared size */
  follow(setting: number | null): void {
    if (setting === this.#setting) return;
    this.#setting = setting;
    this.#start = setting ?? this.#declared.batchSize;
    this.#max = setting ?? this.#declared.maxBatchSize;
    this.#isFixed = this.#max <= this.#start;
    this.#resize(this.#start);
  }

  /** Halves temporarily. @returns false if the limit is already one row */
  halve(): boolean {
    if (this.#rows <= 1) return false;
    this.#rows = Math.floor(this.#rows / 2);
    return true;
  }

  /** Halves for the rest of the run. @returns false if the limit is already one row */
  lower(): boolean {
    const isLowered = this.halve();
    this.#max = this.#regularRows = this.#rows;
    return isLowered;
  }

  #adapt(durationMs: number): BatchHealth {
    if (durationMs > OVERLOAD_FACTOR * this.#targetMs) {
      this.#resize(Math.min(this.#start, Math.ceil(this.#rows / 2)));
      return 'overloaded';
    }
    this.#durations.push(durationMs);
    if (this.#durations.length >= MEASURED_BATCHES) this.#approachTarget();
    return 'healthy';
  }

  #approachTarget(): void {
    const sorted = this.#durations.sort((a, b) => a - b);
    const slowest = sorted[Math.ceil(sorted.length * 0.9) - 1] ?? this.#targetMs;
    const factor = Math.min(MAX_GROWTH, this.#targetMs / slowest);
    const scaled = this.#rows * factor;
    const wanted = factor > MIN_CHANGE ? Math.max(this.#rows + 1, scaled) : scaled;
    // Only an overload shrinks the size below its start, because the pause already protects the database.
    // Below its start, the size may grow and shrink.
    const min = this.#rows < this.#start ? 1 : this.#start;
    const next = Math.min(this.#max, Math.max(min, Math.floor(wanted)));
    if (next > this.#rows * MIN_CHANGE || next < this.#rows / MIN_CHANGE) this.#resize(next);
    else this.#durations = [];
  }

  #resize(rows: number): void {
    this.#rows = this.#regularRows = Math.max(1, Math.min(this.#max, rows));
    this.#durations = [];
  }
}
