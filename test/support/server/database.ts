import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** A database for one test file or one `describe`. */
export class TestDatabase {
  private constructor(
    readonly url: string,
    readonly name: string,
    readonly serverUrl: string,
  ) {}

  /** @param serverUrl @default the server of the test run */
  static async create(serverUrl: string = testServerUrl()): Promise<TestDatabase> {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    await executeOn(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return new TestDatabase(url.href, name, serverUrl);
  }

  /** The same database by another URL, e.g. through a proxy. */
  at(url: string): TestDatabase {
    return new TestDatabase(url, this.name, this.serverUrl);
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
    await executeOn(this.serverUrl, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
    await executeOn(this.serverUrl, `DROP ROLE IF EXISTS ${this.#plainRole}`);
  }

  get #plainRole(): string {
    return `plain_${this.name.slice(-32)}`;
  }

  /** Executes one statement on a new connection. */
  async query<Row extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.session(async (client) => (await client.query<Row>(sql, parameters)).rows);
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

async function executeOn(serverUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
