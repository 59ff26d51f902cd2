import type { QueryRunner } from 'typeorm';

/**
 * Runs `work` without the `statement_timeout` and `lock_timeout` of the role, the database or the connection.
 * An index build of an hour would never finish with a timeout of a minute. A concurrent build runs outside a
 * transaction, so the timeouts are set for the session. Behind a pooler in transaction mode they are not
 * changed, because the change would affect other clients.
 */
export async function withoutTimeouts<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  const [found] = (await runner.query(
    `SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('statement_timeout') AS statement, pg_catalog.current_setting('lock_timeout') AS lock`,
  )) as { pid: number; statement: string; lock: string }[];
  const client = (await runner.connect()) as { processID?: number };
  // A pooler reports its own process ID, not that of the server process.
  const isDirect = found !== undefined && found.pid === client.processID;
  if (!isDirect || (found.statement === '0' && found.lock === '0')) return work();
  await setTimeouts(runner, '0', '0');
  try {
    return await work();
  } finally {
    // A lost connection has nothing to restore.
    await setTimeouts(runner, found.statement, found.lock).catch(() => undefined);
  }
}

function setTimeouts(runner: QueryRunner, statement: string, lock: string): Promise<unknown> {
  return runner.query(
    `SELECT pg_catalog.set_config('statement_timeout', $1, false), pg_catalog.set_config('lock_timeout', $2, false)`,
    [statement, lock],
  );
}
