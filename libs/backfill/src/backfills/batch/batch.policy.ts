import type { Statement } from '../../postgres/pipeline.js';
import { applyBatchPolicy, pipelineTimeout, type TimeoutPolicy } from '../../postgres/timeout-policy.js';
import type { BackfillDefinition } from '../definition/definition.js';

/**
 * How a sweep's batch treats rows that another session has locked:
 * - `locking`: it locks its rows first and skips the rows that are locked, without a wait. For any other lock
 *   that the change needs, e.g. on the parent row of a foreign key, it waits MAX_LOCK_WAIT_MS.
 * - `optimistic`: it changes its rows at once, which saves one pass over them. If a row stays locked for
 *   longer than MAX_LOCK_WAIT_MS, the batch ends with a lock timeout and has to be sent again in mode
 *   `locking`.
 */
export type LockMode = 'locking' | 'optimistic';

/**
 * How long a batch that holds rows waits for a lock. Other sessions may wait for those rows meanwhile, so it
 * is longer than a typical transaction of the application, and too short to be noticed.
 */
const MAX_LOCK_WAIT_MS = 15;
/**
 * How long an optimistic batch may run: several short waits must not add up to a long wait for other
 * sessions.
 */
const MAX_OPTIMISTIC_BATCH_MS = 40;

/** For one batch of a sweep. */
export function sweepPolicy(definition: BackfillDefinition, lockMode: LockMode = 'locking'): Statement {
  return lockMode === 'optimistic'
    ? policyOf(definition, optimisticTimeouts(definition.pace))
    : lockingPolicy(definition);
}

/**
 * For statements that hold rows, or are about to: they wait briefly for any lock, including that of the
 * table.
 */
export function lockingPolicy(definition: BackfillDefinition): Statement {
  const { pace } = definition;
  return policyOf(definition, { ...pace, lockTimeout: Math.min(MAX_LOCK_WAIT_MS, pace.lockTimeout) });
}

/** For statements that hold no row while they wait for a lock. @param lockTimeout in milliseconds */
export function waitingPolicy(
  definition: BackfillDefinition,
  lockTimeout: number = definition.pace.lockTimeout,
): Statement {
  return policyOf(definition, { ...definition.pace, lockTimeout });
}

function policyOf({ pace, name }: BackfillDefinition, timeouts: TimeoutPolicy): Statement {
  return applyBatchPolicy(timeouts, pace.synchronousCommit, name);
}

/** The COMMIT, which runs deferred triggers, may take as long as in any other batch. */
function optimisticTimeouts(pace: TimeoutPolicy): TimeoutPolicy {
  return {
    ...pace,
    lockTimeout: MAX_LOCK_WAIT_MS,
    statementTimeout: Math.min(MAX_OPTIMISTIC_BATCH_MS, pace.statementTimeout),
    transactionTimeout: pipelineTimeout(pace),
  };
}
