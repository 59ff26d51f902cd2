import type { Statement } from './flight.js';

/** How patient the statements of one transaction are, in milliseconds. */
export interface TimeoutPolicy {
  readonly lockTimeout: number;
  readonly statementTimeout: number;
  readonly idleInTransactionTimeout: number;
}

/**
 * Planner settings of a batch: it goes through the index by key whatever the statistics say. Without them, batches of some
 * thousand rows flip to a hash join with a sequential scan; a sort would mean reading everything before the first row.
 */
const INDEX_DRIVEN = {
  enable_seqscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  enable_bitmapscan: 'off',
  enable_sort: 'off',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  plan_cache_mode: 'force_generic_plan',
} as const;

/**
 * Sets the policy for the transaction at hand. `set_config(…, true)` is SET LOCAL that takes parameters: it holds until the
 * transaction's end and no longer, also through a pooler in transaction mode.
 */
export function applyPolicy(policy: TimeoutPolicy, extra: Readonly<Record<string, string>> = {}): Statement {
  return setLocal({
    lock_timeout: String(Math.round(policy.lockTimeout)),
    statement_timeout: String(Math.round(policy.statementTimeout)),
    idle_in_transaction_session_timeout: String(Math.round(policy.idleInTransactionTimeout)),
    ...extra,
  });
}

/** The policy of a batch: patient, and through the index. */
export function applyBatchPolicy(
  policy: TimeoutPolicy,
  synchronousCommit: 'on' | 'off',
  name: string,
): Statement {
  return applyPolicy(policy, {
    synchronous_commit: synchronousCommit,
    // Who looks at pg_stat_activity sees whose locks these are.
    application_name: `nestjs-backfill: ${name}`.slice(0, 63),
    ...INDEX_DRIVEN,
  });
}

/** Gives the planner its freedom back, for statements of the application's own that follow in the transaction. */
export function freePlanner(): Statement[] {
  return Object.keys(INDEX_DRIVEN).map((name) => ({ text: `SET LOCAL ${name} TO DEFAULT` }));
}

function setLocal(settings: Readonly<Record<string, string>>): Statement {
  const names = Object.keys(settings);
  return {
    text: `SELECT ${names.map((name, at) => `set_config('${name}', $${at + 1}, true)`).join(', ')}`,
    values: Object.values(settings),
  };
}
