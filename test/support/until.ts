import type { TestDatabase } from './database.ts';

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
