import type { RangeOutcome } from '../range/range.outcome.js';

/** What the workers of one pool must know of each other. */
export class PoolState {
  readonly #leftRanges: string[] = [];
  #outcome: RangeOutcome | null = null;

  /**
   * Why a worker could not finish its range; a failure takes precedence. Null if every range was finished.
   */
  get outcome(): RangeOutcome | null {
    return this.#outcome;
  }

  /** The ids of ranges that a worker left with work in them. They are left to another run. */
  get leftRanges(): readonly string[] {
    return this.#leftRanges;
  }

  get hasFailed(): boolean {
    return this.#outcome?.kind === 'failed';
  }

  /** No worker may take another range. */
  get isOver(): boolean {
    return this.hasFailed || this.#outcome?.kind === 'held';
  }

  rangeLeft(id: string, outcome: RangeOutcome): void {
    this.#leftRanges.push(id);
    if (this.#outcome === null || outcome.kind === 'failed') this.#outcome = outcome;
  }
}
