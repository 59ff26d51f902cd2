import type { RangeOutcome } from '../range/range.outcome.js';

/** The state that the workers of one pool share. */
export class PoolState {
  readonly #unfinishedRanges: string[] = [];
  #outcome: RangeOutcome | null = null;

  /**
   * The outcome of the first worker that could not finish its range; a failure replaces it. Null if every
   * range was finished.
   */
  get outcome(): RangeOutcome | null {
    return this.#outcome;
  }

  /** The ids of the ranges that a worker could not finish. This pool does not take them again. */
  get unfinishedRanges(): readonly string[] {
    return this.#unfinishedRanges;
  }

  get hasFailed(): boolean {
    return this.#outcome?.kind === 'failed';
  }

  /** Whether the workers may no longer take another range. */
  get isClosed(): boolean {
    return this.hasFailed || this.#outcome?.kind === 'held';
  }

  rangeUnfinished(id: string, outcome: RangeOutcome): void {
    this.#unfinishedRanges.push(id);
    if (this.#outcome === null || outcome.kind === 'failed') this.#outcome = outcome;
  }
}
