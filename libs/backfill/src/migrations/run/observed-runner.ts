import { type DataSource, type Migration, MigrationExecutor, type QueryRunner } from 'typeorm';
import { MAKE_DURABLE } from '../../postgres/timeout-policy.js';
import { insideMigration } from '../guard/guard-context.js';
import { PhaseGuard } from '../guard/phase-guard.js';
import { phaseStartColumns, rememberStart } from '../guard/transaction-start.js';
import type { LockRetry } from '../locks/lock-retry.js';

/**
 * A query runner for TypeORM's own statements. If one of them waits for a lock, the sessions that hold the lock
 * are read, for the message.
 */
export function observedRunner(dataSource: DataSource, retry: LockRetry): QueryRunner {
  const runner = dataSource.createQueryRunner();
  const send = runner.query.bind(runner) as (...args: unknown[]) => Promise<unknown>;
  runner.query = (async (...args: unknown[]) => {
    const pid = pids.get(runner);
    return pid === undefined ? send(...args) : retry.observe(pid, String(args[0]), () => send(...args));
  }) as QueryRunner['query'];
  return runner;
}

const pids = new WeakMap<QueryRunner, number>();

/**
 * Begins a transaction under the DDL policy. Another process relies on TypeORM's records in it, so that its
 * commit is durable.
 */
async function beginUnderPolicy(
  runner: QueryRunner,
  { policy }: LockRetry,
  columns: string,
): Promise<StartRow | undefined> {
  await runner.startTransaction();
  const rows = (await runner.query(
    `SELECT ${MAKE_DURABLE}, pg_catalog.set_config('lock_timeout', $1, true), ${columns}`,
    [String(policy.lockTimeout)],
  )) as StartRow[];
  const [row] = rows;
  if (row) pids.set(runner, row.pid);
  return row;
}

interface StartRow extends Record<string, unknown> {
  readonly pid: number;
}

/** Begins the transaction of migrations. The first one needs no statement of its own for what is read here. */
export async function beginMigrations(
  runner: QueryRunner,
  retry: LockRetry,
  recordTable: string,
): Promise<void> {
  const row = await beginUnderPolicy(runner, retry, phaseStartColumns(recordTable));
  if (row) rememberStart(runner, row);
}

/** Runs statements of TypeORM in a transaction under the DDL policy. */
export async function underPolicy<T>(
  runner: QueryRunner,
  retry: LockRetry,
  work: () => Promise<T>,
): Promise<T> {
  try {
    await beginUnderPolicy(runner, retry, 'pg_catalog.pg_backend_pid() AS pid');
    const result = await work();
    await runner.commitTransaction();
    return result;
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
    throw error;
  }
}

/** Reads TypeORM's table of migrations. TypeORM 0.3 also creates it. */
export async function pendingUnderPolicy(
  dataSource: DataSource,
  retry: LockRetry,
): Promise<readonly Migration[]> {
  const runner = observedRunner(dataSource, retry);
  try {
    const executor = new MigrationExecutor(dataSource, runner);
    return await insideMigration(await PhaseGuard.for(dataSource), () =>
      underPolicy(runner, retry, () => executor.getPendingMigrations()),
    );
  } finally {
    await runner.release();
  }
}
