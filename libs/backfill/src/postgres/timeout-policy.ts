import { quoteLiteral } from './identifiers.js';
import type { Statement } from './pipeline.js';

/**
 * The isolation level is explicit, because the application may have set another default. READ COMMITTED is
 * required: a later statement must see the commits of other sessions.
 *
 * The access mode is not set. `default_transaction_read_only = on` is how an operator stops all changes, and a
 * standby refuses READ WRITE even to a transaction that only reads.
 */
export const BEGIN: Statement = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED' };
export const COMMIT: Statement = { text: 'COMMIT' };
/** The commit of the transaction waits for no standby. For records that only inform. */
export const COMMIT_LOCALLY: Statement = { text: 'SET LOCAL synchronous_commit = local' };

/** Timeouts of one transaction, in milliseconds. */
export interface TimeoutPolicy {
  readonly lockTimeout: number;
  readonly statementTimeout: number;
  readonly idleInTransactionTimeout: number;
  /** Limit of the whole transaction, from PostgreSQL 17 on; 0 for no limit. @default `pipelineTimeout` */
  readonly transactionTimeout?: number;
  /** The user's settings for each transaction, e.g. those that triggers and policies read. @default none */
  readonly settings?: Readonly<Record<string, string>>;
}

/** The number of statements in one pipeline that may each take as long as the statement timeout. */
const LONG_STATEMENTS = 4;
const MARGIN_MS = 5_000;
/** The largest value of a PostgreSQL setting of type integer. */
const MAX_SETTING = 2 ** 31 - 1;
/** The longest application name that PostgreSQL keeps (NAMEDATALEN - 1), in bytes. */
const MAX_APPLICATION_NAME_LENGTH = 63;
/** The application name of every transaction of this library starts with it. */
export const APPLICATION_NAME_PREFIX = 'nestjs-backfill: ';

/** The time that a pipeline of a few statements may take, in milliseconds. */
export function pipelineTimeout({ statementTimeout }: Pick<TimeoutPolicy, 'statementTimeout'>): number {
  return LONG_STATEMENTS * statementTimeout + MARGIN_MS;
}

/**
 * Sets the transaction timeout for the rest of the current transaction. The level at which it commits stays as declared.
 *
 * @param ms 0 for no limit, if the application's code runs in the transaction
 */
export function limitTransaction(ms: number): Statement {
  return setLocal({}, ms, []);
}

/**
 * Limits a transaction of a few short statements on the ledger. The timeouts of the role do not apply: they are meant
 * for the application's statements, and could end each of these.
 */
export function setLedgerTimeouts(statementCount: number, statementTimeout: number): Statement {
  const timeout = String(Math.round(Math.min(statementTimeout, MAX_SETTING)));
  return setLocal(
    {
      application_name: `${APPLICATION_NAME_PREFIX}ledger`,
      statement_timeout: timeout,
      lock_timeout: timeout,
    },
    statementCount * statementTimeout + MARGIN_MS,
    [MAKE_DURABLE],
  );
}

/**
 * Planner settings of a batch. With them, a batch reads an index in key order, for any table statistics.
 * Without them, the planner may choose a hash join with a sequential scan for a batch of some thousand rows,
 * or a sort, which reads all rows before it returns the first row.
 */
const BATCH_PLANNER_SETTINGS = {
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
 * Sets the timeouts of the current transaction. `set_config(…, true)` is a SET LOCAL with parameters. It
 * applies until the end of the transaction, so it is safe behind a pooler in transaction mode.
 */
export function applyPolicy(policy: TimeoutPolicy, extra: Readonly<Record<string, string>> = {}): Statement {
  const settings = {
    ...policy.settings,
    lock_timeout: String(Math.round(policy.lockTimeout)),
    statement_timeout: String(Math.round(policy.statementTimeout)),
    idle_in_transaction_session_timeout: String(Math.round(policy.idleInTransactionTimeout)),
    application_name: `${APPLICATION_NAME_PREFIX}ledger`,
    ...extra,
  };
  return setLocal(
    settings,
    policy.transactionTimeout ?? pipelineTimeout(policy),
    'synchronous_commit' in settings ? [] : [MAKE_DURABLE],
  );
}

/** The timeouts of a batch, and its planner settings. */
export function applyBatchPolicy(
  policy: TimeoutPolicy,
  synchronousCommit: 'on' | 'off',
  name: string,
): Statement {
  return applyPolicy(policy, {
    synchronous_commit: synchronousCommit,
    // pg_stat_activity then shows which backfill holds the locks.
    application_name: `${APPLICATION_NAME_PREFIX}${name}`.slice(0, MAX_APPLICATION_NAME_LENGTH),
    ...BATCH_PLANNER_SETTINGS,
  });
}

/**
 * Resets the planner settings of a batch, for later statements of the application in the same transaction.
 */
export function resetPlannerSettings(): Statement[] {
  return Object.keys(BATCH_PLANNER_SETTINGS).map((name) => ({ text: `SET LOCAL ${name} TO DEFAULT` }));
}

/** @param furtherCalls of `set_config` */
function setLocal(
  settings: Readonly<Record<string, string>>,
  transactionMs: number,
  furtherCalls: readonly string[],
): Statement {
  const names = [...Object.keys(settings).map(quoteLiteral), TRANSACTION_TIMEOUT];
  // A timer that runs already, e.g. by the setting of the role, keeps its end when the value changes. 0 stops it.
  const stopTimer = `pg_catalog.set_config(${TRANSACTION_TIMEOUT}, '0', true)`;
  const transactionTimeout = String(Math.round(Math.min(transactionMs, MAX_SETTING)));
  const calls = names.map((name, index) => {
    const value = name === "'synchronous_commit'" ? commitLevel(`$${index + 1}`) : `$${index + 1}`;
    return `pg_catalog.set_config(${name}, ${value}, true)`;
  });
  return {
    text: `SELECT ${[stopTimer, ...calls, ...furtherCalls].join(', ')}`,
    values: [...Object.values(settings), transactionTimeout],
    setsTimeouts: true,
  };
}

/** The declared level, unless it is `on` and the user has configured the stronger `remote_apply`. */
function commitLevel(declared: string): string {
  return `CASE WHEN ${declared} = 'on' AND pg_catalog.current_setting('synchronous_commit') = 'remote_apply' THEN 'remote_apply' ELSE ${declared} END`;
}

/**
 * SQL call that makes the commit of the current transaction durable where `synchronous_commit = off` is set for the
 * role: other processes and people rely on the ledger. A stronger level stays. `local` is enough: what a crash or a
 * failover keeps of the ledger, it also keeps of the rows that were committed before.
 */
export const MAKE_DURABLE = `pg_catalog.set_config('synchronous_commit', CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN 'local' ELSE pg_catalog.current_setting('synchronous_commit') END, true)`;

/**
 * SQL expression for the name of the setting that limits a whole transaction. The other timeouts apply while
 * a statement runs, or between two pipelines. Only this timeout applies while the server holds locks and
 * waits for the rest of a pipeline whose client has died.
 *
 * PostgreSQL before version 17 does not have it. There, a setting without effect is used, and
 * `Session.endAbandoned` terminates such sessions.
 */
const TRANSACTION_TIMEOUT = `CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 170000 THEN 'transaction_timeout' ELSE 'nestjs_backfill.transaction_timeout' END`;
