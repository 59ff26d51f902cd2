import type { Statement } from './pipeline.js';

/** How patient the statements of one transaction are, in milliseconds. */
export interface TimeoutPolicy {
  readonly lockTimeout: number;
  readonly statementTimeout: number;
  readonly idleInTransactionTimeout: number;
  /** From PostgreSQL 17 on. @default what the statements of one flight may take; 0 for none */
  readonly transactionTimeout?: number;
}

/** Statements of one flight that may each take as long as a statement may. */
const LONG_STATEMENTS = 4;
const MARGIN = 5_000;
/** How our transactions begin to be called in pg_stat_activity. */
export const APPLICATION_NAME_PREFIX = 'nestjs-backfill: ';

/**
 * Bounds a transaction as a whole. The other timeouts run while a statement is carried out, or after a flight's end; while the server
 * waits for the second half of a flight whose sender is gone, this one alone does (and the locks of the first half are held).
 * Servers before 17 have no such setting; there `endAbandoned` does what can be done.
 */
function transactionTimeout(ms: number): readonly [name: string, value: string] {
  const name = `CASE WHEN current_setting('server_version_num')::int >= 170000 THEN 'transaction_timeout' ELSE 'nestjs_backfill.transaction_timeout' END`;
  return [name, String(Math.round(Math.min(ms, MOST)))];
}
/** Milliseconds that a setting of PostgreSQL holds. */
const MOST = 2 ** 31 - 1;

/** Milliseconds that a flight of a few statements may take at most. */
export function pipelineTimeout({ statementTimeout }: Pick<TimeoutPolicy, 'statementTimeout'>): number {
  return LONG_STATEMENTS * statementTimeout + MARGIN;
}

/** Bounds the rest of a transaction, from now on. @param ms 0 for code whose time is its own affair */
export function limitTransaction(ms: number): Statement {
  return setLocal({}, ms);
}

/** For a transaction of a few short statements about the ledger. */
export function boundTransaction(statements: number, statementTimeout: number): Statement {
  return setLocal(
    { application_name: `${APPLICATION_NAME_PREFIX}ledger` },
    statements * statementTimeout + MARGIN,
  );
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
  const settings = {
    lock_timeout: String(Math.round(policy.lockTimeout)),
    statement_timeout: String(Math.round(policy.statementTimeout)),
    idle_in_transaction_session_timeout: String(Math.round(policy.idleInTransactionTimeout)),
    application_name: `${APPLICATION_NAME_PREFIX}ledger`,
    ...extra,
  };
  return setLocal(settings, policy.transactionTimeout ?? LONG_STATEMENTS * policy.statementTimeout + MARGIN);
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
    application_name: `${APPLICATION_NAME_PREFIX}${name}`.slice(0, 63),
    ...INDEX_DRIVEN,
  });
}

/** Gives the planner its freedom back, for statements of the application's own that follow in the transaction. */
export function freePlanner(): Statement[] {
  return Object.keys(INDEX_DRIVEN).map((name) => ({ text: `SET LOCAL ${name} TO DEFAULT` }));
}

function setLocal(settings: Readonly<Record<string, string>>, transactionMs: number): Statement {
  const [transactionSetting, limit] = transactionTimeout(transactionMs);
  const names = [...Object.keys(settings).map((name) => `'${name}'`), transactionSetting];
  return {
    text: `SELECT ${names.map((name, at) => `set_config(${name}, $${at + 1}, true)`).join(', ')}`,
    values: [...Object.values(settings), limit],
    bounds: true,
  };
}
