import type { BackfillModuleOptions } from 'nestjs-backfill';
import type { TestDatabase } from './database.ts';
import { FixtureApp, type Ended, type Running } from './fixture-app.ts';

const app = new FixtureApp('deploy-app', 'main.mjs');
const typeorm = new FixtureApp('deploy-app', '../../../node_modules/typeorm/cli.js');

/** Its migrations, in their order. */
export const MIGRATIONS = ['CreateThings1700000000001', 'AddLabel1700000000002'] as const;

/** The application of test/fixtures/deploy-app as a process of its own: migrations, an index and a backfill. */
export function deployApp(
  database: Pick<TestDatabase, 'url'>,
  parameters: readonly string[],
  module: BackfillModuleOptions = {},
): Running {
  return app.node([...parameters, '--no-progress'], {
    DATABASE_URL: database.url,
    BACKFILL_MODULE: JSON.stringify(module),
  });
}

/** TypeORM's own command line on the same data source. */
export function typeormCommand(
  database: Pick<TestDatabase, 'url'>,
  command: string,
  env: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  return typeorm.node([command, '--dataSource', 'data-source.mjs'], { DATABASE_URL: database.url, ...env })
    .ended;
}

/** Things without a label. */
export async function addThings(database: TestDatabase, count: number): Promise<void> {
  await database.query(
    `INSERT INTO things (name) SELECT 'Thing ' || n FROM generate_series(1, $1::int) AS n`,
    [count],
  );
}

/** What TypeORM's table says: each name as often as it was run. */
export async function migrationsRun(database: TestDatabase): Promise<string[]> {
  const rows = await database.query<{ name: string }>('SELECT name FROM migrations ORDER BY id');
  return rows.map(({ name }) => name);
}
