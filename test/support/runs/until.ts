import { setTimeout } from 'node:timers/promises';
import type { TestDatabase } from '../server/database.ts';

/** Polls until the condition is true. If it never is, the test ends at jest's time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setTimeout(10);
}

/**
 * Polls until the query returns a row. If it never does, the test ends at jest's time limit.
 * @returns the first row
 */
export async function untilRow<Row extends object>(
  database: TestDatabase,
  sql: string,
  parameters: unknown[] = [],
): Promise<Row> {
  return database.session(async (client) => {
    for (;;) {
      const { rows } = await client.query<Row>(sql, parameters);
      if (rows[0]) return rows[0];
    }
  }, 'a test that polls');
}

/** Waits until a session of the database with this application name waits for a lock. */
export async function untilBlocked(database: TestDatabase, applicationName: string): Promise<void> {
  await untilRow(
    database,
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock'`,
    [applicationName],
  );
}

/**
 * Waits until no session of the server has an open transaction that writes. PostgreSQL computes anew which versions
 * it may prune only after the oldest of these has ended, also if it is in another database.
 */
export async function untilNoneWrites(database: TestDatabase): Promise<void> {
  await untilRow(
    database,
    'SELECT WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid())',
  );
}
