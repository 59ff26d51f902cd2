import type { BackfillModuleOptions } from 'nestjs-backfill';
import type { TestDatabase } from '../server/database.ts';
import { FixtureApp, type ProcessResult, type RunningProcess } from './fixture-app.ts';

const app = new FixtureApp('deploy-app', 'main.mjs');
const typeorm = new FixtureApp('deploy-app', '../../../node_modules/typeorm/cli.js');

/** The migrations of the application, in order. */
export const MIGRATIONS = ['CreateThings1700000000001', 'AddLabel1700000000002'] as const;

/** Starts test/fixtures/deploy-app, which has migrations, an index and a backfill. */
export function startDeployApp(
  database: Pick<TestDatabase, 'url'>,
  parameters: readonly string[],
  module: BackfillModuleOptions = {},
): RunningProcess {
  return app.node([...parameters, '--no-progress'], {
    DATABASE_URL: database.url,
    BACKFILL_MODULE: JSON.stringify(module),
  });
}

/** Runs TypeORM's own command line with the data source of the application. */
export function runTypeormCommand(
  database: Pick<TestDatabase, 'url'>,
  command: string,
  env: NodeJS.ProcessEnv = {},
): Promise<ProcessResult> {
  return typeorm.node([command, '--dataSource', 'data-source.mjs'], { DATABASE_URL: database.url, ...env })
    .ended;
}

/** Adds rows without a label, which are pending for the backfill. */
export async function addThings(database: TestDatabase, count: number): Promise<void> {
  await database.query(
    `INSERT INTO things (name) SELECT 'Thing ' || n FROM generate_series(1, $1::int) AS n`,
    [count],
  );
}

/** The rows of TypeORM's migrations table: a migration that ran twice appears twice. */
export async function executedMigrations(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>('SELECT name FROM migrations ORDER BY id');
  return rows.map(({ name }) => name);
}
