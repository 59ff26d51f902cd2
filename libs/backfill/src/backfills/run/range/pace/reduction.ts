import type { SizeCost } from './batch-cost.js';

/** Number of batches without a reduction after one that did not help. It doubles with each such reduction. */
const MIN_PATIENCE = 20;
const MAX_PATIENCE = 1_280;
/** Two times that differ by this factor do not differ by chance. */
const MUCH_WORSE = 2;
/** The former size comes back if it would take at most this many times the target. */
const RECOVERED = 1.2;
/** A reduction to a larger share of the rows is not judged, because the times vary as much by themselves. */
const MAX_JUDGED_SHARE = 0.7;

/** `useless`: the time did not fall with the rows. `recovered`: the former size would now be fast enough. */
export type Verdict = 'helped' | 'useless' | 'recovered';

/**
 * A reduction of the batch size is an experiment: if the time does not fall with the rows, the rows were not
 * the cause, e.g. because the server's disk stalls during a checkpoint. Then the former size comes back, and
 * the next experiment waits.
 */
export class Reduction {
  /** The largest size before the current reduction, and its time; null: no reduction is being judged. */
  #before: SizeCost | null = null;
  /** The time that did not fall when a reduction was last tried. */
  #uselessMs = 0;
  #patience = MIN_PATIENCE;
  #waiting = 0;

  /** The size before the reduction; null if none is being judged. */
  get before(): SizeCost | null {
    return this.#before;
  }

  batchFinished(): void {
    if (this.#waiting > 0) this.#waiting--;
  }

  /** Whether a batch that takes `ms` may cause a reduction. */
  isAllowed(ms: number): boolean {
    return this.#waiting === 0 || ms > MUCH_WORSE * this.#uselessMs;
  }

  /** Called when the size is reduced, also several times before the verdict. */
  started(before: SizeCost): void {
    this.#before ??= before;
  }

  /** Ends the experiment without a verdict. */
  forget(): void {
    this.#before = null;
  }

  /**
   * Judges the reduction by the typical time of the smaller batches.
   *
   * @param targetMs the duration that a batch should have
   */
  judge(now: SizeCost, targetMs: number): Verdict {
    const before = this.#before;
    this.#before = null;
    if (before === null || now.rows >= before.rows) return 'helped';
    const share = now.rows / before.rows;
    if (before.ms > MUCH_WORSE * targetMs && now.ms / share <= RECOVERED * targetMs)
      return this.#succeeded('recovered');
    // At least half of the fall that the rows alone would explain.
    const isUseless = now.ms > before.ms * ((1 + share) / 2);
    if (!isUseless || share > MAX_JUDGED_SHARE) return this.#succeeded('helped');
    this.#uselessMs = before.ms;
    this.#waiting = this.#patience;
    this.#patience = Math.min(MAX_PATIENCE, this.#patience * 2);
    return 'useless';
  }

  #succeeded(verdict: Verdict): Verdict {
    this.#patience = MIN_PATIENCE;
    return verdict;
  }
}
