import pg from 'pg';

/** Sessions of tests with one database. */
export interface Sessions {
  query<Row extends pg.QueryResultRow>(sql: string, parameters?: unknown[]): Promise<pg.QueryResult<Row>>;
  end(): Promise<void>;
}

/** A new session for each query. */
export class NewSessions implements Sessions {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async query<Row extends pg.QueryResultRow>(
    sql: string,
    parameters: unknown[] = [],
  ): Promise<pg.QueryResult<Row>> {
    const client = new pg.Client({ connectionString: this.#url, application_name: 'test' });
    // A test may terminate this session on purpose. Without a listener that would end the process.
    client.on('error', () => undefined);
    await client.connect();
    try {
      return await client.query<Row>(sql, parameters);
    } finally {
      await client.end();
    }
  }

  async end(): Promise<void> {}
}

/** Only new sessions have the new defaults of settings, and a terminated one may not know it yet. */
const ENDS_SESSIONS = /\bALTER\s+(?:DATABASE|ROLE|USER|SYSTEM)\b|\bpg_terminate_backend\b/i;

/**
 * Keeps sessions for the next queries. Most of a fast test's time went into new sessions, above all where a test
 * polls.
 */
export class SharedSessions implements Sessions {
  readonly #options: pg.PoolConfig;
  #pool: pg.Pool | undefined;
  /** Before version 15, only the end of a session publishes its counters at once. */
  #canFlush = true;

  constructor(url: string) {
    this.#options = {
      connectionString: url,
      application_name: 'test',
      max: 50,
      idleTimeoutMillis: 1_000,
      // The end of a test file does not wait for idle sessions.
      allowExitOnIdle: true,
    };
  }

  async query<Row extends pg.QueryResultRow>(
    sql: string,
    parameters: unknown[] = [],
  ): Promise<pg.QueryResult<Row>> {
    const client = await this.#connect();
    let isClean = false;
    try {
      const result = await client.query<Row>(sql, parameters);
      // A text that begins a transaction leaves a session that cannot be used again.
      isClean = await client.query('DISCARD ALL').then(
        () => this.#publishCounters(client),
        () => false,
      );
      return result;
    } finally {
      client.release(!isClean);
      if (ENDS_SESSIONS.test(sql)) void this.end();
    }
  }

  /** Tests read counters of the statements before, which a new session would have published at its end. */
  async #publishCounters(client: pg.PoolClient): Promise<boolean> {
    if (!this.#canFlush) return false;
    return client.query('SELECT pg_catalog.pg_stat_force_next_flush()').then(
      () => true,
      () => (this.#canFlush = false),
    );
  }

  async end(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.end();
  }

  #connect(): Promise<pg.PoolClient> {
    this.#pool ??= new pg.Pool(this.#options).on('error', () => undefined);
    return this.#pool.connect();
  }
}

const shared = new Map<string, Sessions>();

/** The sessions of the maintenance database of a server. */
export function sessionsOf(serverUrl: string): Sessions {
  if (serverUrl !== process.env['TEST_SERVER_URL']) return new NewSessions(serverUrl);
  const found = shared.get(serverUrl) ?? new SharedSessions(serverUrl);
  shared.set(serverUrl, found);
  return found;
}
