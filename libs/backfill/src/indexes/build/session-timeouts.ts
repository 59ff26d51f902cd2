import type { QueryRunner } from 'typeorm';

/** `transaction_timeout` exists from PostgreSQL 17 on. A concurrent build has several long transactions. */
const TIMEOUTS = ['statement_timeout', 'lock_timeout', 'transaction_timeout'] as const;

/** The value of each timeout. */
type Timeouts = Readonly<Record<string, string>>;

/**
 * Runs `work` without the timeouts of statements, locks and transactions of the role, the database or the connection.
 * An index build of an hour would never finish with a timeout of a minute. A concurrent build runs outside a
 * transaction, so the timeouts are set for the session. Behind a pooler in transaction mode they are not
 * changed, because the change would affect other clients.
 */
export async function withoutTimeouts<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  const found = await timeoutsOf(runner);
  if (Object.keys(found).length === 0) return work();
  await setTimeouts(runner, Object.fromEntries(Object.keys(found).map((name) => [name, '0'])));
  try {
    return await work();
  } finally {
    // A lost connection has nothing to restore.
    await setTimeouts(runner, found).catch(() => undefined);
  }
}

/** The timeouts that are set; none behind a pooler. */
async function timeoutsOf(runner: QueryRunner): Promise<Timeouts> {
  const rows = (await runner.query(
    `SELECT pg_catalog.pg_backend_pid() AS pid, name, pg_catalog.current_setting(name) AS value
      FROM pg_catalog.pg_settings WHERE name = ANY ($1) AND setting <> '0'`,
    [TIMEOUTS],
  )) as { pid: number; name: string; value: string }[];
  const client = (await runner.connect()) as { processID?: number };
  // A pooler reports its own process ID, not that of the server process.
  const own = rows.filter(({ pid }) => pid === client.processID);
  return Object.fromEntries(own.map(({ name, value }) => [name, value]));
}

function setTimeouts(runner: QueryRunner, timeouts: Timeouts): Promise<unknown> {
  const calls = Object.keys(timeouts).map(
    (_, at) => `pg_catalog.set_config($${2 * at + 1}, $${2 * at + 2}, false)`,
  );
  return runner.query(`SELECT ${calls.join(', ')}`, Object.entries(timeouts).flat());
}
