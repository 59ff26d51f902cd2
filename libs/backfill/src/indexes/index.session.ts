import type { QueryRunner } from 'typeorm';

/**
 * Runs `work` without the timeouts that a role, a database or the application's connections bring along: a build of an hour would
 * never come to its end under a `statement_timeout` of a minute. A concurrent build cannot set them locally, since it runs outside
 * of a transaction. Behind a pooler in transaction mode nothing is set: it would stay behind on somebody else's session.
 */
export async function withoutTimeouts<T>(runner: QueryRunner, work: () => Promise<T>): Promise<T> {
  const [found] = (await runner.query(
    `SELECT pg_backend_pid() AS pid, current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock`,
  )) as { pid: number; statement: string; lock: string }[];
  const client = (await runner.connect()) as { processID?: number };
  // A pooler tells a process id of its own making.
  if (!found || found.pid !== client.processID || (found.statement === '0' && found.lock === '0'))
    return work();
  await setTimeouts(runner, '0', '0');
  try {
    return await work();
  } finally {
    // On a connection that was lost there is nothing to set back.
    await setTimeouts(runner, found.statement, found.lock).catch(() => undefined);
  }
}

function setTimeouts(runner: QueryRunner, statement: string, lock: string): Promise<unknown> {
  return runner.query(
    `SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false)`,
    [statement, lock],
  );
}
