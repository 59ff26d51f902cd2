import { setTimeout } from 'node:timers/promises';
import type { TestDatabase } from './database.ts';

/** Looks again and again until the condition holds; a test that it never holds for ends at jest's own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setTimeout(10);
}

/** Looks until the query finds a row, and returns it; jest's own time limit ends a wait in vain. */
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
  }, 'the test, looking');
}

/** Waits until a session with this application name waits for a lock of the database. */
export async function untilBlocked(database: TestDatabase, applicationName: string): Promise<void> {
  await untilRow(
    database,
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock'`,
    [applicationName],
  );
}
