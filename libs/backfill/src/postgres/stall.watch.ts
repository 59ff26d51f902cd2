import type { ClientBase } from 'pg';
import type { Statement, TextRow } from './pipeline.js';
import { streamOf } from './stream.js';
import { APPLICATION_NAME_PREFIX } from './timeout-policy.js';

/** Milliseconds without a byte after which the server is asked what it does for the connection. */
const QUIET_MOST = 10_000;
/** Not sooner, however short the statements are: a network may take its time too. */
const QUIET_LEAST = 500;

/** Tells one session of one server apart from every other, also from a later one with the same process id. */
export interface BackendIdentity {
  readonly pid: string;
  readonly startedAt: string;
  readonly serverStartedAt: string;
}

/** The server had nothing more to do for the connection, and its answer did not come. */
export class StalledConnectionError extends Error {
  constructor(ms: number) {
    super(
      `connection terminated: for ${Math.round(ms / 1000)} s nothing came over it, while the server waits for us at its other end`,
    );
    this.name = 'StalledConnectionError';
  }
}

/** Milliseconds of quiet that are no reason to ask. */
export function quietBefore(statementTimeout: number): number {
  return Math.max(QUIET_LEAST, Math.min(QUIET_MOST, statementTimeout / 2));
}

/**
 * Notices a connection over which nothing passes any more, and of which nobody says so: a firewall that has forgotten it, a proxy
 * that hangs. The time that a statement may take is no measure of that, and TCP's own signs of life are answered by the
 * proxy. But the server knows, by way of another connection: when a reply is due here, and the server says twice in a row
 * that it has none to give and waits for our next word, then that word or the reply is lost.
 *
 * The session is ended on the server too, so that the locks of a transaction that only half arrived come free.
 */
export class StallWatch {
  readonly #timer: NodeJS.Timeout;

  /** @param ask sends a statement over another connection */
  constructor(
    client: ClientBase,
    identity: BackendIdentity,
    quietMs: number,
    ask: (statement: Statement) => Promise<readonly TextRow[]>,
  ) {
    let seen: string | null = null;
    let quietSince = 0;
    let suspected = false;
    let looking = false;
    const look = async () => {
      const now = performance.now();
      const bytes = bytesOfReply(client);
      if (bytes === null || bytes !== seen) {
        [seen, quietSince, suspected] = [bytes, now, false];
        return;
      }
      if (looking || now - quietSince < quietMs) return;
      looking = true;
      try {
        const [answer] = await ask(whatItDoes(identity));
        if (bytes !== bytesOfReply(client)) return;
        const waits = answer !== undefined && answer[0] !== 'at work';
        if (waits && suspected) {
          await ask(end(identity)).catch(() => undefined);
          streamOf(client)?.destroy(new StalledConnectionError(performance.now() - quietSince));
        }
        suspected = waits;
      } catch {
        // Nobody could be asked: what cannot be known is asked again at the next look.
      } finally {
        looking = false;
      }
    };
    this.#timer = setInterval(() => void look(), quietMs / 2);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/**
 * What has been read so far, while a reply is due and all of the question is under way; else null. A question that is still
 * being written may just be long, and the network slow.
 */
function bytesOfReply(client: ClientBase): string | null {
  const { readyForQuery } = client as unknown as { readyForQuery?: boolean };
  const stream = streamOf(client);
  if (readyForQuery !== false || !stream || stream.writableLength !== 0) return null;
  return `${stream.bytesRead} read, ${stream.bytesWritten} written`;
}

/** No row where the question got to another server than the connection's: then nothing is known. */
function whatItDoes({ pid, startedAt, serverStartedAt }: BackendIdentity): Statement {
  return {
    text: `SELECT coalesce((
        SELECT CASE WHEN a.wait_event_type = 'Client' OR a.state LIKE 'idle%' THEN 'waits' ELSE 'at work' END
        FROM pg_stat_activity AS a WHERE a.pid = $1::int AND extract(epoch FROM a.backend_start)::text = $2), 'gone')
      WHERE extract(epoch FROM pg_postmaster_start_time())::text = $3`,
    values: [pid, startedAt, serverStartedAt],
  };
}

function end({ pid, startedAt }: BackendIdentity): Statement {
  return {
    text: `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
      WHERE a.pid = $1::int AND extract(epoch FROM a.backend_start)::text = $2`,
    values: [pid, startedAt],
  };
}

/**
 * Ends our transactions of which only a part has arrived, some time ago: their sender cannot do it any more, or is stuck, and then
 * finds the connection lost. Those between two flights are not meant: they have a timeout, and code at work in them.
 */
export function endAbandoned(afterMs: number): Statement {
  return {
    text: `SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
      WHERE a.datname = current_database() AND a.usename = session_user AND a.pid <> pg_backend_pid()
        AND a.application_name LIKE $1 || '%' AND a.state = 'active' AND a.wait_event = 'ClientRead'
        AND a.query !~* '^\\s*copy' AND a.state_change < clock_timestamp() - $2::interval`,
    values: [APPLICATION_NAME_PREFIX, `${afterMs} milliseconds`],
  };
}
