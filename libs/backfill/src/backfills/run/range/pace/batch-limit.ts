import { OVERLOAD_FACTOR, type Pace } from '../../../declare/pace.js';
import { BatchCost } from './batch-cost.js';
import { BatchTimes } from './batch-times.js';
import { Reduction } from './reduction.js';
import { SizeCap } from './size-cap.js';

/** Maximum factor of one growth step. */
const MAX_GROWTH = 1.5;
/** A change of the size by a smaller factor is ignored. */
const MIN_CHANGE = 1.1;
/** A batch with less than this share of its limit is not representative: its fixed costs would dominate. */
const MIN_FILLED = 0.5;
/** Slow batches do not make the size smaller than this, unless the declared size is smaller. */
const FLOOR = 20;
/** A batch whose rows are estimated may have more of them by this factor, unless the size is fixed. */
const ESTIMATE_MARGIN = 1.25;
/** A fixed size is reduced by this factor at most. */
const MAX_FIXED_REDUCTION = 8;
/** A batch may take this share of the statement timeout before a lowered maximum rises to twice its rows. */
const MAX_TIMEOUT_SHARE = 1 / 8;

/** A committed batch, as it counts for the size of the next ones. */
export interface MeasuredBatch {
  /** The rows that it selected. */
  readonly rows: number;
  /** The maximum number of rows when it was sent. */
  readonly limit: number;
  /** The time for which it held its row locks, in milliseconds. Not the time of the network or this process. */
  readonly lockedMs: number;
}

type LimitPace = Pick<Pace, 'batchSize' | 'maxBatchSize' | 'targetDuration' | 'statementTimeout'>;

/**
 * The maximum number of rows in the next batch. It grows while the 90th percentile of the last batches'
 * times is below the goal, and shrinks at once after an overloaded batch. If the time does not fall with the
 * rows, it returns to its former size. It is halved temporarily to find a row whose change fails. After a
 * timeout its maximum is halved, until enough batches were fast.
 *
 * The goal is the target duration. If the part of the time that does not depend on the rows alone exceeds
 * half of the target, the rows may take as long again as that part: a smaller batch would hardly be faster.
 */
export class BatchLimit {
  readonly #pace: LimitPace;
  readonly #times = new BatchTimes();
  readonly #reduction = new Reduction();
  readonly #cap = new SizeCap();
  #cost = new BatchCost();
  /** The size that a person set; null: the declared size. */
  #setting: number | null = null;
  #start: number;
  #declaredMax: number;
  #rows: number;
  /** The size to which the limit returns after the row whose change fails was found. */
  #regularRows: number;
  /** A fixed size before `wasTooSlow` has halved it; null: it has not. */
  #beforeSlow: number | null = null;

  constructor(pace: LimitPace) {
    this.#pace = pace;
    this.#start = pace.batchSize;
    this.#declaredMax = pace.maxBatchSize;
    this.#rows = this.#regularRows = Math.min(pace.batchSize, pace.maxBatchSize);
  }

  get rows(): number {
    return this.#rows;
  }

  /** The number of rows that a batch may have if its rows were only estimated. */
  get mostRows(): number {
    const isSearching = this.#rows < this.#regularRows;
    if (this.#isFixed || isSearching) return this.#rows;
    return Math.max(this.#rows, Math.min(this.#max, Math.ceil(ESTIMATE_MARGIN * this.#rows)));
  }

  /** @param batch null if the batch says nothing about the size, e.g. because it changed a single row */
  succeeded(batch: MeasuredBatch | null): void {
    if (this.#rows < this.#regularRows) this.#rows = Math.min(this.#regularRows, this.#rows * 2);
    else if (batch !== null && this.#isRepresentative(batch)) this.#measure(batch);
  }

  /** @param setting the size that a person set, which replaces the measured size; null: the declared size */
  follow(setting: number | null): void {
    if (setting === this.#setting) return;
    this.#setting = setting;
    this.#start = setting ?? this.#pace.batchSize;
    this.#declaredMax = setting ?? this.#pace.maxBatchSize;
    this.#reduction.forget();
    this.#cap.remove();
    this.#beforeSlow = null;
    this.#resize(this.#start);
  }

  /** Halves temporarily. @returns false if the limit is already one row */
  halve(): boolean {
    if (this.#rows <= 1) return false;
    this.#rows = Math.floor(this.#rows / 2);
    return true;
  }

  /**
   * Called when a batch was ended because it took too long. A fixed size is the most rows that a batch may have: it
   * is halved a few times, until enough batches were fast. If that does not suffice, the rows themselves are slow, and
   * the size is again what it was before.
   *
   * @param ms its time
   * @returns whether the size was reduced
   */
  wasTooSlow(ms: number): boolean {
    if (!this.#isFixed) return this.#reduce(Math.ceil(this.#rows / 2), ms);
    const before = (this.#beforeSlow ??= this.#regularRows);
    if (this.#rows >= (2 * before) / MAX_FIXED_REDUCTION) return this.#lower();
    this.#beforeSlow = null;
    // A timeout may have lowered it before.
    if (before < this.#start) this.#cap.lowerTo(before);
    else this.#cap.remove();
    this.#resize(before);
    return false;
  }

  /** Halves the size and its maximum, until enough batches were fast. @returns false if it is already one row */
  lower(): boolean {
    this.#beforeSlow = null;
    return this.#lower();
  }

  #lower(): boolean {
    const isLowered = this.halve();
    this.#cap.lowerTo(this.#rows);
    this.#reduction.forget();
    this.#resize(this.#rows);
    return isLowered;
  }

  get #max(): number {
    return Math.min(this.#declaredMax, this.#cap.rows);
  }

  /** Whether the size is fixed by a person or the declaration. Then only errors change it. */
  get #isFixed(): boolean {
    return this.#declaredMax <= this.#start;
  }

  /** A batch that was sent before the size changed says nothing about the new size. */
  #isRepresentative({ rows, limit }: MeasuredBatch): boolean {
    return limit === this.#rows && rows >= MIN_FILLED * limit;
  }

  #measure({ rows, limit, lockedMs }: MeasuredBatch): void {
    const { fixedMs } = this.#cost;
    const ms = lockedMs + (Math.max(0, lockedMs - fixedMs) * (limit - rows)) / rows;
    const slowMs = this.#isFixed
      ? MAX_TIMEOUT_SHARE * this.#pace.statementTimeout
      : this.#pace.targetDuration;
    const hasRisen = this.#cap.batchFinished(ms <= slowMs ? 'good' : 'slow');
    if (!this.#isFixed) this.#adapt(ms);
    else if (hasRisen) this.#resize(this.#start);
    if (this.#rows === this.#start) this.#beforeSlow = null;
  }

  #adapt(ms: number): void {
    this.#reduction.batchFinished();
    const isOverloaded = ms > OVERLOAD_FACTOR * this.#goalMs;
    if (isOverloaded && this.#reduce(Math.min(this.#start, Math.ceil(this.#rows / 2)), ms)) return;
    this.#times.add(ms);
    if (this.#times.isComplete) this.#decide();
  }

  #decide(): void {
    const { slowest, typical } = this.#times;
    const now = { rows: this.#rows, ms: typical };
    this.#times.clear();
    const { before } = this.#reduction;
    if (before) this.#cost.measured(before);
    this.#cost.measured(now);
    const verdict = this.#reduction.judge(now, this.#pace.targetDuration);
    if (before && verdict !== 'helped') this.#resize(before.rows);
    else this.#approachGoal(slowest, typical);
  }

  get #goalMs(): number {
    return Math.max(this.#pace.targetDuration, 2 * this.#cost.fixedMs);
  }

  #approachGoal(slowest: number, typical: number): void {
    const { fixedMs } = this.#cost;
    const growingMs = Math.max(slowest - fixedMs, Number.EPSILON);
    const factor = Math.min(MAX_GROWTH, (this.#goalMs - fixedMs) / growingMs);
    const scaled = this.#rows * factor;
    const wanted = factor > MIN_CHANGE ? Math.max(this.#rows + 1, scaled) : scaled;
    // Only an overload shrinks the size below its start, because the pause already protects the database.
    // Below its start, the size may grow and shrink.
    const min = this.#rows < this.#start ? this.#floor : this.#start;
    const next = Math.min(this.#max, Math.max(min, Math.floor(wanted)));
    if (next > this.#rows * MIN_CHANGE) this.#resize(next);
    else if (next < this.#rows / MIN_CHANGE) this.#reduce(next, typical);
  }

  get #floor(): number {
    return Math.min(this.#start, FLOOR, this.#max);
  }

  /**
   * @param ms the time of the batches before
   * @returns whether the size was reduced. Not below the floor, and not soon after a reduction that did not help
   */
  #reduce(rows: number, ms: number): boolean {
    const smaller = Math.max(this.#floor, rows);
    if (smaller >= this.#rows || !this.#reduction.isAllowed(ms)) return false;
    this.#reduction.started({ rows: this.#rows, ms });
    this.#resize(smaller);
    return true;
  }

  #resize(rows: number): void {
    this.#rows = this.#regularRows = Math.max(1, Math.min(this.#max, rows));
    this.#times.clear();
  }
}
