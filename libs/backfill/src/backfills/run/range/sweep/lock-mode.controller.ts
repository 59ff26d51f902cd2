import type { BatchRunner } from '../../../batch/batch.js';
import type { LockMode } from '../../../batch/batch.policy.js';

/** Number of locking batches after an optimistic batch met a locked row or took too long. */
const MIN_LOCKING_BATCHES = 20;
const MAX_LOCKING_BATCHES = 640;

/**
 * Chooses the lock mode of each batch. An optimistic batch changes its rows at once. A locking batch locks
 * them first. After a failed optimistic batch, the next batches are locking. Their number doubles with each
 * failure, because a slow trigger may make every optimistic batch fail. It decreases by one with each
 * successful optimistic batch.
 */
export class LockModeController {
  readonly #runner: Pick<BatchRunner, 'canBeOptimistic'>;
  /** Number of locking batches before the next optimistic batch. */
  #remaining = 0;
  #afterNextFailure = MIN_LOCKING_BATCHES;

  constructor(runner: Pick<BatchRunner, 'canBeOptimistic'>) {
    this.#runner = runner;
  }

  /** @param limit maximum number of rows in the batch: a batch of one row is always locking */
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
