/** In milliseconds. Short, because a plan must not make other sessions wait. */
export const PLAN_TIMEOUTS = {
  lockTimeout: 1_000,
  statementTimeout: 30_000,
  idleInTransactionTimeout: 30_000,
  transactionTimeout: 600_000,
};
