import type { Statement } from '../../postgres/pipeline.js';
import { applyBatchPolicy, pipelineTimeout, type TimeoutPolicy } from '../../postgres/timeout-policy.js';
import type { BackfillDefinition } from '../definition/definition.js';

/**
 * How a sweep's batch treats rows that another session has locked:
 * - `locking`: the batch locks its rows first and skips rows that another session has locked (SKIP LOCKED).
 *   For any other lock that the change needs, e.g. on the parent row of a foreign key, it waits up to
 *   MAX_LOCK_WAIT_MS.
 * - `optimistic`: the batch changes its rows without locking them first, which saves one pass over them. If a
 *   row stays locked for longer than MAX_LOCK_WAIT_MS, the batch fails with a lock timeout, and the caller
 *   sends it again in mode `locking`.
 */
export type LockMode = 'locking' | 'optimistic';

/**
 * The maximum time that a batch waits for a lock while it holds row locks. It is longer than a typical
 * transaction of the application. It is also short, because other sessions may wait for these rows during
 * that time.
 */
const MAX_LOCK_WAIT_MS = 15;
/**
 * The maximum duration of an optimistic batch. It prevents several short waits from adding up to a long wait
 * for other sessions.
 */
export const MAX_OPTIMISTIC_BATCH_MS = 40;

/** The settings and timeouts for one batch of a sweep. */
export function sweepPolicy(definition: BackfillDefinition, lockMode: LockMode = 'locking'): Statement {
  return lockMode === 'optimistic'
    ? policyOf(definition, optimisticTimeouts(definition.pace))
    : lockingPolicy(definition);
}

/**
 * For statements that hold row locks or will take them. They wait only briefly for any lock, including the
 * table lock.
 */
export function lockingPolicy(definition: BackfillDefinition): Statement {
  const { pace } = definition;
  return policyOf(definition, { ...pace, lockTimeout: Math.min(MAX_LOCK_WAIT_MS, pace.lockTimeout) });
}

/**
 * For a batch that is rolled back. As in a sweep, it waits only briefly for any lock.
 *
 * @param statementTimeout in milliseconds: the longest time for which it holds its row locks
 */
export function rehearsalPolicy(definition: BackfillDefinition, statementTimeout: number): Statement {
  const { pace } = definition;
  return policyOf(definition, { ...pace, statementTimeout, lockTimeout: MAX_LOCK_WAIT_MS });
}

/** For statements that hold no row locks while they wait for a lock. @param lockTimeout in milliseconds */
export function waitingPolicy(
  definition: BackfillDefinition,
  lockTimeout: number = definition.pace.lockTimeout,
): Statement {
  return policyOf(definition, { ...definition.pace, lockTimeout });
}

function policyOf({ pace, name }: BackfillDefinition, timeouts: TimeoutPolicy): Statement {
  return applyBatchPolicy(timeouts, pace.synchronousCommit, name);
}

/** The transaction timeout is as long as for any other batch, because COMMIT may wait for a replica. */
function optimisticTimeouts(pace: TimeoutPolicy): TimeoutPolicy {
  return {
    ...pace,
    lockTimeout: MAX_LOCK_WAIT_MS,
    statementTimeout: Math.min(MAX_OPTIMISTIC_BATCH_MS, pace.statementTimeout),
    transactionTimeout: pipelineTimeout(pace),
  };
}
