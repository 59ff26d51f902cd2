import type { DataSource } from 'typeorm';
import { DataInMigrationError } from '../../../libs/backfill/src/migrations/migration.error.ts';
import { TestDatabase } from '../../support/server/database.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  QueryRecorder,
} from '../../support/migrations/migrations.ts';
import { ALLOWED } from './allowed-statements.fixtures.ts';
import { REFUSED } from './refused-statements.fixtures.ts';

const SCHEMA = `
  CREATE SCHEMA app;
  CREATE TABLE leads (id int PRIMARY KEY, tenant int, name text, note text, "update" text, at timestamptz DEFAULT now());
  CREATE TABLE calls (id int PRIMARY KEY, lead_id int REFERENCES leads, direction text);
  CREATE TABLE app.archive (LIKE leads);
  CREATE VIEW open_leads AS SELECT * FROM leads WHERE note IS NULL;
  CREATE MATERIALIZED VIEW lead_counts AS SELECT tenant, count(*) FROM leads GROUP BY tenant WITH DATA;
  CREATE TYPE stage AS ENUM ('new', 'won');
  CREATE SEQUENCE numbers;
  CREATE FUNCTION app.fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE leads SET note = 'x'; END $$;
  CREATE FUNCTION app.outer_fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM app.fill(); END $$;
  CREATE FUNCTION app.fill_sql() RETURNS void LANGUAGE sql AS $$ DELETE FROM leads $$;
  CREATE FUNCTION app.harmless(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $1 + 1; END $$;
  CREATE PROCEDURE app.purge() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM leads; END $$;
  INSERT INTO app.archive (id, tenant) VALUES (1, 1);
  INSERT INTO leads SELECT n, n % 3, 'lead ' || n FROM generate_series(1, 20) n;
`;

/** The queries that reached the server. */
const sent: string[] = [];
let database: TestDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  database = await TestDatabase.create();
  await database.query(SCHEMA);
  dataSource = await postgresDataSource(database, [], {
    logging: ['query'],
    logger: new QueryRecorder(sent),
  }).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** Runs the statement as a migration and rolls it back, so that each statement finds the same tables. */
async function run(sql: string): Promise<void> {
  sent.length = 0;
  const queryRunner = dataSource.createQueryRunner();
  const Migration = migration('Case', { up: sql, locks: 'off' });
  await queryRunner.startTransaction();
  try {
    await new Migration().up(queryRunner);
  } finally {
    await queryRunner.rollbackTransaction();
    await queryRunner.release();
  }
}

it('checks at least 120 statements', () => {
  expect(REFUSED.length + ALLOWED.length).toBeGreaterThanOrEqual(120);
});

async function isOlderThan14(): Promise<boolean> {
  const [server] = await database.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  return server !== undefined && server.version < 140_000;
}

it.each(REFUSED)('refuses %s (rule %s: %s)', async (sql, rule) => {
  const error = await rejection(run(sql));
  expect(error).toBeInstanceOf(DataInMigrationError);
  expect((error as Error).message).toContain(`rule: ${rule}`);
  expect(sent).not.toContain(sql);
});

it.each(ALLOWED)('allows %s (%s)', async (sql) => {
  if (/BEGIN ATOMIC/.test(sql) && (await isOlderThan14())) {
    // The guard allows it, and the server does not know it.
    await expect(run(sql)).rejects.toThrow('syntax error');
    return;
  }
  await expect(run(sql)).resolves.toBeUndefined();
  if (sql !== '') expect(sent.join(';')).toContain(sql.split(';')[0]);
});
