import type { ClientBase, ClientConfig } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { onAbort } from '../text/abort.listener.js';
import { guardPool } from './pool.guard.js';
import { UNSAFE_SCHEMA, UnsafeSearchPathError } from './server/search-path.js';
import type { BackendIdentity } from './stall.watch.js';
import { ignoreError, withTimeLimit } from './stream.js';

/** The maximum time for opening a connection. */
const MAX_OPEN_MS = 10_000;
/** The maximum time for opening a connection after a request to stop. */
const MAX_OPEN_MS_AFTER_STOP = 1_000;

const READ_BACKEND_IDENTITY = `
  SELECT a.pid::pg_catalog.text AS pid, extract(epoch FROM a.backend_start)::pg_catalog.text AS "startedAt",
    extract(epoch FROM pg_catalog.pg_postmaster_start_time())::pg_catalog.text AS "serverStartedAt",
    current_user::pg_catalog.text AS role, (${UNSAFE_SCHEMA}) AS "unsafeSchema"
  FROM pg_catalog.pg_stat_activity AS a WHERE a.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()`;

interface ConnectionFacts extends BackendIdentity {
  readonly role: string;
  /** Null: no other role can create what the `search_path` finds before PostgreSQL's own. */
  readonly unsafeSchema: string | null;
}

export interface SessionOptions {
  /** The server's limit for one statement, in milliseconds. @default 120_000 */
  readonly statementTimeout?: number;
  /** After its abort, an attempt to open a connection fails within a second. */
  readonly signal?: AbortSignal;
}

/** A connection from the pool that has not been used yet. @internal */
export interface OpenConnection {
  readonly queryRunner: QueryRunner;
  readonly client: ClientBase;
  /** The options of the pool, with which another connection to the same server can be opened. */
  readonly poolOptions: ClientConfig;
  /**
   * The server process of this connection; null behind a pooler, which may use another server process for
   * each transaction.
   */
  readonly backend: BackendIdentity | null;
  readonly statementTimeout: number;
}

/** Neither the pool nor the server provided a connection in time. */
export class NoConnectionError extends Error {
  constructor(reason: string) {
    super(`timeout exceeded when trying to connect: ${reason}`);
    this.name = 'NoConnectionError';
  }
}

/**
 * @throws the driver's error; NoConnectionError when no connection is available in time; UnsafeSearchPathError
 *
 * @internal
 */
export async function openConnection(
  dataSource: DataSource,
  { statementTimeout = 120_000, signal }: SessionOptions = {},
): Promise<OpenConnection> {
  guardPool(dataSource);
  const queryRunner = dataSource.createQueryRunner('master');
  const connecting = queryRunner.connect() as Promise<ClientBase>;
  try {
    const client = await connectInTime(connecting, signal);
    const backend = await readBackend(client);
    const poolOptions = poolOptionsOf(dataSource) ?? optionsOf(client);
    return { queryRunner, client, poolOptions, backend, statementTimeout };
  } catch (error) {
    // A connection that arrives too late is returned to the pool.
    void connecting.catch(ignoreError).then(() => queryRunner.release().catch(ignoreError));
    throw error;
  }
}

/**
 * The options as the application gave them. A connection itself only knows the password with which it was opened: with
 * `password: () => token`, that token may have expired since.
 *
 * @internal
 */
export function poolOptionsOf({ driver }: DataSource): ClientConfig | undefined {
  const { master } = driver as unknown as { readonly master?: { readonly options?: ClientConfig } };
  return master?.options;
}

function optionsOf(client: ClientBase): ClientConfig {
  return (client as unknown as { readonly connectionParameters: ClientConfig }).connectionParameters;
}

/** @throws UnsafeSearchPathError */
async function readBackend(client: ClientBase): Promise<BackendIdentity | null> {
  // No StallWatch is needed here: the simple query protocol sends one message, which the server receives
  // completely or not at all.
  const { rows } = await withTimeLimit(client, MAX_OPEN_MS, () =>
    client.query<ConnectionFacts>(READ_BACKEND_IDENTITY),
  );
  const [facts] = rows;
  if (facts === undefined) return null;
  const { role, unsafeSchema, ...backend } = facts;
  if (unsafeSchema !== null) throw new UnsafeSearchPathError(role, unsafeSchema);
  // A pooler reports its own process ID. If the client has the ID of the server process, the connection is
  // direct.
  const { processID } = client as { processID?: number };
  return backend.pid === String(processID) ? backend : null;
}

/** @throws NoConnectionError after `MAX_OPEN_MS`, or sooner when the signal is aborted */
async function connectInTime<T>(connecting: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const timers: NodeJS.Timeout[] = [];
  let removeListener: () => void = ignoreError;
  const overdue = new Promise<never>((_, reject) => {
    const giveUp = () =>
      reject(new NoConnectionError('the pool has no free connection, or the server does not answer'));
    timers.push(setTimeout(giveUp, MAX_OPEN_MS));
    removeListener = onAbort(signal, () => timers.push(setTimeout(giveUp, MAX_OPEN_MS_AFTER_STOP)));
  });
  try {
    return await Promise.race([connecting, overdue]);
  } finally {
    timers.forEach(clearTimeout);
    removeListener();
  }
}
