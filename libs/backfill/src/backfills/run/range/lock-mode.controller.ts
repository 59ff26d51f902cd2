import type { BatchRunner } from '../../batch/batch.js';
import type { LockMode } from '../../batch/batch.policy.js';

/** Batches that lock their rows first, after an optimistic batch met a locked row or took too long. */
const MIN_LOCKING_BATCHES = 20;
const MAX_LOCKING_BATCHES = 640;

/**
 * Chooses whether a batch changes its rows at once (optimistic) or locks them first (locking). After a failed
 * optimistic batch, the next batches lock. Their number doubles with each failure, e.g. where a slow trigger
 * makes every batch slow, and shrinks with each success.
 */
export class LockModeController {
  readonly #runner: Pick<BatchRunner, 'canBeOptimistic'>;
  /** Locking batches still to come. */
  #remaining = 0;
  #afterNextFailure = MIN_LOCKING_BATCHES;

  constructor(runner: Pick<BatchRunner, 'canBeOptimistic'>) {
    this.#runner = runner;
  }

  /** @param limit rows of the batch: a single row is always locked first */
  next(limit: number): LockMode {
    const isOptimistic = this.#runner.canBeOptimistic && this.#remaining === 0 && limit > 1;
    if (this.#remaining > 0) this.#remaining--;
    return isOptimistic ? 'optimistic' : 'locking';
  }

  optimisticSucceeded(): void {
    this.#afterNextFailure = Math.max(MIN_LOCKING_BATCHES, this.#afterNextFailure - 1);
  }

  optimisticFailed(): void {
    this.#remaining = this.#afterNextFailure;
    this.#afterNextFailure = Math.min(MAX_LOCKING_BATCHES, this.#afterNextFailure * 2);
  }
}
