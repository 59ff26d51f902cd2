import type { BatchRunner } from '../../../batch/batch.js';
import type { LockMode } from '../../../batch/batch.policy.js';
import { Trial } from './trial.js';

/** Number of locking batches after an optimistic one has failed for the first time. */
const LOCKING_BATCHES = 20;

/**
 * Chooses the lock mode of each batch. An optimistic batch changes its rows at once. A locking batch locks
 * them first. After a failed optimistic batch, the next batches are locking: a slow trigger may make every
 * optimistic batch fail.
 */
export class LockModeController {
  readonly #runner: Pick<BatchRunner, 'canBeOptimistic'>;
  readonly #optimistic = new Trial(LOCKING_BATCHES);

  constructor(runner: Pick<BatchRunner, 'canBeOptimistic'>) {
    this.#runner = runner;
  }

  /** @param limit maximum number of rows in the batch: a batch of one row is always locking */
  next(limit: number): LockMode {
    const isTried = this.#optimistic.next();
    return isTried && this.#runner.canBeOptimistic && limit > 1 ? 'optimistic' : 'locking';
  }

  optimisticSucceeded(): void {
    this.#optimistic.succeeded();
  }

  optimisticFailed(): void {
    this.#optimistic.failed();
  }
}
