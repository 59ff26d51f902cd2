import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { NewSessions, type Sessions, sessionsOf, SharedSessions } from './sessions.ts';

/** A database for one test file or one `describe`. */
export class TestDatabase {
  readonly #sessions: Sessions;

  private constructor(
    readonly url: string,
    readonly name: string,
    readonly serverUrl: string,
    sessions: Sessions,
  ) {
    this.#sessions = sessions;
  }

  /** @param serverUrl @default the server of the test run */
  static async create(serverUrl: string = testServerUrl()): Promise<TestDatabase> {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    await createDatabase(serverUrl, name);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    const isOnTestServer = serverUrl === process.env['TEST_SERVER_URL'];
    // A test stops a server of its own, which would break sessions that are kept.
    const sessions = isOnTestServer ? new SharedSessions(url.href) : new NewSessions(url.href);
    return new TestDatabase(url.href, name, serverUrl, sessions);
  }

  /** The same database by another URL, e.g. through a proxy, which sees a new session for each query. */
  at(url: string): TestDatabase {
    return new TestDatabase(url, this.name, this.serverUrl, new NewSessions(url));
  }

  /** The same database for a new role that owns it and has no other rights. `drop` drops the role too. */
  async asPlainRole(): Promise<TestDatabase> {
    const url = new URL(this.url);
    [url.username, url.password] = [this.#plainRole, randomUUID()];
    await executeOn(this.serverUrl, `CREATE ROLE ${this.#plainRole} LOGIN PASSWORD '${url.password}'`);
    await this.query(`ALTER DATABASE ${this.name} OWNER TO ${this.#plainRole}`);
    return this.at(url.href);
  }

  async drop(): Promise<void> {
    await this.#sessions.end();
    await executeOn(this.serverUrl, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
    await executeOn(this.serverUrl, `DROP ROLE IF EXISTS ${this.#plainRole}`);
  }

  get #plainRole(): string {
    return `plain_${this.name.slice(-32)}`;
  }

  /** Executes a statement, or several without parameters, in a session that has no settings and no state. */
  async query<Row extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return (await this.#sessions.query<Row>(sql, parameters)).rows;
  }

  /** Opens a session, and closes it after the work. @param name its application_name */
  async session<T>(work: (client: pg.Client) => Promise<T>, name = 'test'): Promise<T> {
    const client = await this.connect(name);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** Opens a session that the caller closes. @param name its application_name */
  async connect(name = 'test'): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, application_name: name });
    // A test may terminate this session on purpose. Without a listener that would end the process.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

function testServerUrl(): string {
  const url = process.env['TEST_SERVER_URL'];
  if (!url)
    throw new Error('TEST_SERVER_URL is not set: run the tests with `npm run jest`, which starts a server.');
  return url;
}

/** Without WAL, a new database takes a fifth of the time. Versions 13 and 14 know no other way. */
async function createDatabase(serverUrl: string, name: string): Promise<void> {
  const sql = `CREATE DATABASE ${name} TEMPLATE template0`;
  try {
    await executeOn(serverUrl, `${sql} STRATEGY file_copy`);
  } catch (error) {
    if (!String(error).includes('"strategy" not recognized')) throw error;
    await executeOn(serverUrl, sql);
  }
}

async function executeOn(serverUrl: string, sql: string): Promise<void> {
  await sessionsOf(serverUrl).query(sql);
}
