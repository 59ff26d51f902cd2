/** In milliseconds. Short, because a plan must not make other sessions wait. */
export const PLAN_TIMEOUTS = {
  lockTimeout: 1_000,
  statementTimeout: 30_000,
  idleInTransactionTimeout: 30_000,
  transactionTimeout: 600_000,
};

/** The longest time for which a statement that is rolled back may hold its row locks, in milliseconds. */
export const MAX_HELD_MS = 100;
