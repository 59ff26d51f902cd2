import type { ClientBase } from 'pg';
import type { Statement } from './pipeline.js';
import type { StatementResult } from './statement-result.js';
import { streamOf } from './stream.js';
import { text } from './decoders.js';
import { APPLICATION_NAME_PREFIX } from './timeout-policy.js';

/**
 * If no byte has arrived on a connection for this time, or for half of the statement timeout if that is
 * shorter, the watch queries the server about the connection.
 */
const MAX_QUIET_MS = 10_000;
/** The minimum for short statement timeouts, because the network needs time too. */
const MIN_QUIET_MS = 500;

/**
 * Identifies one server process. A later process, or a process of another server, may have the same process
 * ID.
 */
export interface BackendIdentity {
  readonly pid: string;
  readonly startedAt: string;
  readonly serverStartedAt: string;
}

/** The server process waits for its client, but the client has not received the reply. */
export class StalledConnectionError extends Error {
  constructor(quietMs: number) {
    super(
      `connection terminated: no data arrived for ${Math.round(quietMs / 1000)} s, while the server waits for the next message of this client`,
    );
    this.name = 'StalledConnectionError';
  }
}

/** Milliseconds without a received byte after which the watch queries the server about the connection. */
export function maxQuietMs(statementTimeout: number): number {
  return Math.max(MIN_QUIET_MS, Math.min(MAX_QUIET_MS, statementTimeout / 2));
}

/** @internal */
export interface StallWatchOptions {
  readonly client: ClientBase;
  readonly backend: BackendIdentity;
  /** See `maxQuietMs`. */
  readonly quietMs: number;
  /** Sends a statement on another connection. */
  readonly sendOnSideConnection: (statement: Statement) => Promise<StatementResult>;
}

/**
 * Detects a connection that no longer delivers messages although it is open, e.g. because a firewall has
 * dropped it or a proxy hangs. The client cannot distinguish it from a long statement, and a proxy answers
 * TCP keep-alive probes. So the watch queries the server on another connection. If the client expects a
 * reply, and the server reports twice in a row that its process waits for the next message of the client,
 * then a message is lost.
 *
 * The watch also ends the session on the server, so that the locks of a half-received transaction are
 * released.
 *
 * @internal
 */
export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #lastProgress: string | null = null;
  #quietSince = 0;
  #isSuspected = false;
  #isInspecting = false;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#poll(), options.quietMs / 2);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #poll(): Promise<void> {
    const now = performance.now();
    const progress = replyProgress(this.#options.client);
    if (progress === null || progress !== this.#lastProgress) {
      this.#lastProgress = progress;
      this.#quietSince = now;
      this.#isSuspected = false;
      return;
    }
    if (this.#isInspecting || now - this.#quietSince < this.#options.quietMs) return;
    this.#isInspecting = true;
    try {
      await this.#inspect(progress);
    } catch {
      // The query on the other connection failed. The next poll tries again.
    } finally {
      this.#isInspecting = false;
    }
  }

  async #inspect(progress: string): Promise<void> {
    const { client, backend, sendOnSideConnection } = this.#options;
    const activity = (await sendOnSideConnection(readActivity(backend))).firstValue(text);
    if (progress !== replyProgress(client)) return;
    const isWaiting = activity !== undefined && activity !== 'working';
    if (isWaiting && this.#isSuspected) {
      await sendOnSideConnection(terminateBackend(backend)).catch(() => undefined);
      streamOf(client)?.destroy(new StalledConnectionError(performance.now() - this.#quietSince));
    }
    this.#isSuspected = isWaiting;
  }
}

/**
 * The number of bytes read and written so far. Null if the client expects no reply, or while it is still
 * writing the request, which may take long on a slow network.
 */
function replyProgress(client: ClientBase): string | null {
  const { readyForQuery } = client as unknown as { readyForQuery?: boolean };
  const stream = streamOf(client);
  if (readyForQuery !== false || !stream || stream.writableLength !== 0) return null;
  return `${stream.bytesRead} read, ${stream.bytesWritten} written`;
}

/**
 * Returns no row if the statement reached another server than the watched connection, because then the
 * activity is unknown.
 */
function readActivity({ pid, startedAt, serverStartedAt }: BackendIdentity): Statement {
  return {
    text: `SELECT coalesce((
        SELECT CASE WHEN a.wait_event_type = 'Client' OR a.state LIKE 'idle%' THEN 'waiting' ELSE 'working' END
        FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = $1::int AND extract(epoch FROM a.backend_start)::text = $2), 'gone')
      WHERE extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text = $3`,
    values: [pid, startedAt, serverStartedAt],
  };
}

function terminateBackend({ pid, startedAt }: BackendIdentity): Statement {
  return {
    text: `SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a
      WHERE a.pid = $1::int AND extract(epoch FROM a.backend_start)::text = $2`,
    values: [pid, startedAt],
  };
}

/**
 * Terminates sessions of this library that wait for the rest of a pipeline, because their client has died or
 * hangs. If the client still runs, it detects a lost connection. Sessions between two pipelines are not
 * terminated: they have a timeout, and the application's code may use their transaction.
 */
export function terminateAbandoned(idleMs: number): Statement {
  return {
    text: `SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a
      WHERE a.datname = pg_catalog.current_database() AND a.usename = session_user AND a.pid <> pg_catalog.pg_backend_pid()
        AND a.application_name LIKE $1 || '%' AND a.state = 'active' AND a.wait_event = 'ClientRead'
        AND a.query !~* '^\\s*copy' AND a.state_change < pg_catalog.clock_timestamp() - $2::interval`,
    values: [APPLICATION_NAME_PREFIX, `${idleMs} milliseconds`],
  };
}
