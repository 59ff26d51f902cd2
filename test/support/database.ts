import { randomUUID } from 'node:crypto';
import pg from 'pg';

/** A database of this test file's own. */
export class TestDatabase {
  private constructor(
    readonly url: string,
    readonly name: string,
    readonly serverUrl: string,
  ) {}

  /** @param serverUrl another server than the run's own */
  static async create(serverUrl: string = runServerUrl()): Promise<TestDatabase> {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    await administer(serverUrl, `CREATE DATABASE ${name} TEMPLATE template0`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return new TestDatabase(url.href, name, serverUrl);
  }

  /** The same database, reached another way. */
  at(url: string): TestDatabase {
    return new TestDatabase(url, this.name, this.serverUrl);
  }

  /** The same database for a role of its own, which owns it and has no other right. It goes with the database. */
  async asPlainRole(): Promise<TestDatabase> {
    const url = new URL(this.url);
    [url.username, url.password] = [this.#plainRole, randomUUID()];
    await administer(this.serverUrl, `CREATE ROLE ${this.#plainRole} LOGIN PASSWORD '${url.password}'`);
    await this.query(`ALTER DATABASE ${this.name} OWNER TO ${this.#plainRole}`);
    return this.at(url.href);
  }

  async drop(): Promise<void> {
    await administer(this.serverUrl, `DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
    await administer(this.serverUrl, `DROP ROLE IF EXISTS ${this.#plainRole}`);
  }

  get #plainRole(): string {
    return `plain_${this.name.slice(-32)}`;
  }

  /** One statement on a connection of its own. */
  async query<Row extends pg.QueryResultRow>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    return this.session(async (client) => (await client.query<Row>(sql, parameters)).rows);
  }

  /** A session of its own, closed afterwards; `name` is its application_name. */
  async session<T>(work: (client: pg.Client) => Promise<T>, name = 'test'): Promise<T> {
    const client = await this.connect(name);
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** A session that the caller ends. */
  async connect(name = 'test'): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, application_name: name });
    // A test that ends this session from outside looks at the server, not at this event.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}

function runServerUrl(): string {
  const url = process.env['TEST_SERVER_URL'];
  if (!url)
    throw new Error('TEST_SERVER_URL is not set: run the tests with `npm run jest`, which starts a server.');
  return url;
}

async function administer(serverUrl: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
