import { setTimeout as delay } from 'node:timers/promises';
import pg, { type ClientBase, type ClientConfig } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { canPipeline, sendPipeline, type PipelineResult, type Statement } from './pipeline.js';
import { guardPool } from './pool.guard.js';
import { endAbandoned, quietBefore, StallWatch, type BackendIdentity } from './stall.watch.js';
import type { StatementResult } from './statement-result.js';
import { streamOf } from './stream.js';
import { boundTransaction } from './timeout-policy.js';

/** Named, since an application's own default may be another: a later statement must see what others have committed. */
const BEGIN: Statement = { text: 'BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE' };
const COMMIT: Statement = { text: 'COMMIT' };
const WHO_SERVES = `
  SELECT a.pid::text AS pid, extract(epoch FROM a.backend_start)::text AS "startedAt",
    extract(epoch FROM pg_postmaster_start_time())::text AS "serverStartedAt"
  FROM pg_stat_activity AS a WHERE a.pid = pg_backend_pid()`;
/** Milliseconds in which a connection must be had. */
const OPEN_WITHIN = 10_000;
/** The same once the run is asked to stop. */
const OPEN_WITHIN_AT_STOP = 1_000;
/** Milliseconds that a reply may take on its way, beyond what the server's own timeouts allow. */
const REPLY_MARGIN = 5_000;
/** Milliseconds that a timer of Node.js takes at most: one with more fires at once. */
const TIMER_MOST = 2 ** 31 - 1;
/** Times as long as a connection may be quiet before somebody asks. */
const ABANDONED_AFTER = 3;
/** Milliseconds in which a connection that was broken off has ended. */
const ABANDONED_WITHIN = 500;
/** Milliseconds of silence after which the other side is asked whether it is still there. */
const KEEP_ALIVE = 10_000;

export interface SessionOptions {
  /** Milliseconds that the server gives one statement. @default 120_000 */
  readonly statementTimeout?: number;
  /** Once it is aborted, a connection is not waited for much longer. */
  readonly signal?: AbortSignal;
}

/** No connection came, from the pool or from the server. */
export class NoConnectionError extends Error {
  constructor(why: string) {
    super(`timeout exceeded when trying to connect: ${why}`);
    this.name = 'NoConnectionError';
  }
}

/**
 * One connection of the application's own pool, held for a while by one worker.
 */
export class Session {
  readonly #client: ClientBase;
  readonly #prepare: boolean;
  #sentAt: number | null = null;
  /** Flights that the server owes an answer to. */
  #inFlight = 0;
  readonly #statementTimeout: number;
  #pipelinesSent = 0;
  /** In a transaction of `begin`. */
  #open = false;
  readonly #stall: StallWatch | null;
  /** For code that needs TypeORM's own transaction on this connection. */
  readonly queryRunner: QueryRunner;

  private constructor(
    queryRunner: QueryRunner,
    client: ClientBase,
    backend: BackendIdentity | null,
    statementTimeout: number,
  ) {
    this.queryRunner = queryRunner;
    this.#statementTimeout = statementTimeout;
    this.#client = client;
    this.#prepare = backend !== null;
    // The loss of the connection is told by the statement that it ends, or by the next one.
    client.on('error', ignore);
    // A network that went away without a word would be waited for for ever, also by the code of a `process`.
    streamOf(client)?.setKeepAlive?.(true, KEEP_ALIVE);
    this.#stall =
      backend &&
      new StallWatch(client, backend, quietBefore(statementTimeout), async (statement) => {
        const { rows } = await this.sendOnSideConnection([statement]);
        return rows[0] ?? [];
      });
  }

  /** @throws the driver's error, or NoConnectionError, when no connection is to be had */
  static async open(
    dataSource: DataSource,
    { statementTimeout = 120_000, signal }: SessionOptions = {},
  ): Promise<Session> {
    guardPool(dataSource);
    const queryRunner = dataSource.createQueryRunner('master');
    const connecting = queryRunner.connect() as Promise<ClientBase>;
    try {
      const client = await inTime(connecting, signal);
      // In one message, which arrives whole or not at all: nobody watches over this connection yet.
      const { rows } = await orDestroyed(client, OPEN_WITHIN, () =>
        client.query<BackendIdentity>(WHO_SERVES),
      );
      const [backend] = rows;
      // A pooler tells a process id of its own making. Where it is the server's, the session is ours from end to end and
      // may keep prepared statements.
      const direct = backend?.pid === String((client as { processID?: number }).processID);
      return new Session(queryRunner, client, direct ? backend : null, statementTimeout);
    } catch (error) {
      // One that comes too late goes back to the pool.
      void connecting.catch(ignore).then(() => queryRunner.release().catch(ignore));
      throw error;
    }
  }

  /** Statements in a transaction of their own: one round trip. */
  async transaction(statements: readonly Statement[]): Promise<PipelineResult> {
    const opening = this.#opening(statements);
    const result = await this.#send([...opening, ...statements, COMMIT], 1, false);
    return result.slice(opening.length, -1);
  }

  /**
   * One statement in a transaction of its own, under a policy: one round trip.
   *
   * @param policy see `applyPolicy`
   */
  async query(policy: Statement, statement: Statement): Promise<StatementResult> {
    return (await this.transaction([policy, statement])).last;
  }

  /** Opens a transaction that further calls of `send` go on with; end it with `commit` or `rollback`. */
  async begin(statements: readonly Statement[]): Promise<PipelineResult> {
    this.#open = true;
    const result = await this.#send([BEGIN, ...statements], 1, false);
    return result.slice(1);
  }

  /** The last statements of a transaction opened with `begin`, and its COMMIT: one round trip. */
  async commit(statements: readonly Statement[] = []): Promise<PipelineResult> {
    const result = await this.#send([...statements, COMMIT], 1, false);
    this.#open = false;
    return result;
  }

  /** Never throws: a connection that cannot roll back is closed, and the server rolls back. */
  async rollback(): Promise<void> {
    this.#open = false;
    await orDestroyed(this.#client, REPLY_MARGIN, () => this.#client.query('ROLLBACK')).catch(() =>
      streamOf(this.#client)?.destroy(),
    );
  }

  /**
   * A transaction that the server finds waiting as soon as it is done with the one under way: it does not stand idle while that one's
   * answer travels here. When the one under way fails before its COMMIT, so does this one, since it begins in a transaction that has failed.
   *
   * @returns null where that cannot be had: nothing or too much is under way, or the statements are not prepared yet
   */
  pipelineTransaction(statements: readonly Statement[]): Promise<PipelineResult> | null {
    const opening = this.#opening(statements);
    const all = [...opening, ...statements, COMMIT];
    if (!this.#prepare || this.#inFlight !== 1 || !canPipeline(this.#client, all)) return null;
    return this.#send(all, 2, true).then((result) => result.slice(opening.length, -1));
  }

  #opening(statements: readonly Statement[]): readonly Statement[] {
    if (statements[0]?.bounds) return [BEGIN];
    return [BEGIN, boundTransaction(statements.length + 1, this.#statementTimeout)];
  }

  /**
   * Ends the transactions of this library's processes that are gone, of which the server has the first half and waits for the rest:
   * it has no timeout for that before PostgreSQL 17.
   *
   * @returns how many
   */
  async endAbandoned(): Promise<number> {
    const { rows } = await this.send([endAbandoned(ABANDONED_AFTER * quietBefore(this.#statementTimeout))]);
    return rows[0]?.length ?? 0;
  }

  /**
   * Statements in one round trip, outside of a transaction in one of their own. After an error the transaction is rolled back; the connection is given up when no reply
   * comes in the time that the server gives each of them.
   */
  async send(statements: readonly Statement[]): Promise<PipelineResult> {
    const isInside = this.#open || this.queryRunner.isTransactionActive;
    return isInside ? this.#send(statements, 1, false) : this.transaction(statements);
  }

  async #send(statements: readonly Statement[], flights: number, ahead: boolean): Promise<PipelineResult> {
    this.#pipelinesSent++;
    this.#inFlight++;
    this.#sentAt ??= performance.now();
    const patience = flights * statements.length * this.#statementTimeout + REPLY_MARGIN;
    try {
      const result = await orDestroyed(this.#client, patience, () =>
        sendPipeline(this.#client, statements, this.#prepare, ahead),
      );
      this.#replyReceived();
      return result;
    } catch (error) {
      this.#replyReceived();
      // The one behind fails too, and rolls back.
      if (this.#inFlight === 0) await this.rollback();
      throw error;
    }
  }

  #replyReceived(): void {
    this.#inFlight--;
    this.#sentAt = this.#inFlight > 0 ? performance.now() : null;
  }

  /** Milliseconds for which the server has owed a reply; 0 when it owes none. */
  get waitedMs(): number {
    return this.#sentAt === null ? 0 : performance.now() - this.#sentAt;
  }

  /**
   * The server's processes that this session waits for at this moment, as `pg_blocking_pids()` tells them. Behind a pooler the
   * own process is not known, and nothing is told.
   */
  async blockedBy(description: string): Promise<string[]> {
    const { processID } = this.#client as unknown as { processID: number };
    if (!this.#prepare) return [];
    const { rows } = await this.sendOnSideConnection([
      {
        text: `SELECT ${description} FROM pg_stat_activity AS a WHERE a.pid = ANY(pg_blocking_pids($1::int))`,
        values: [String(processID)],
      },
    ]);
    return (rows[0] ?? []).map((row) => row[0] ?? '');
  }

  /** Parses a value as the application's own queries on this connection would. */
  parse(value: string | null, type: number): unknown {
    if (value === null) return null;
    const parser = (
      this.#client as unknown as { getTypeParser(oid: number, format: 'text'): (value: string) => unknown }
    ).getTypeParser(type, 'text');
    return parser(value);
  }

  /**
   * Asks the server to cancel what this session is doing now. Behind a pooler the server's process is not known and nothing is
   * asked: there the statement ends by its own timeouts. Never throws.
   */
  async cancel(): Promise<void> {
    const { processID } = this.#client as unknown as { processID: number };
    if (!this.#prepare) return;
    const flight = this.#pipelinesSent;
    const cancelling: Statement = {
      text: 'SELECT pg_cancel_backend($1::int)',
      values: [String(processID)],
    };
    // The server that is gone or refuses has nothing to cancel, or nothing that we may.
    await this.#aside((client) =>
      // What was meant may be over by the time that the connection stands.
      flight === this.#pipelinesSent ? sendPipeline(client, [cancelling], false) : Promise.resolve(null),
    ).catch(ignore);
  }

  /**
   * Statements beside what this session is doing, in a transaction on a connection outside of the pool, which may have none left to give.
   * It is bounded and goes by our name like every other: of a sign of life that has arrived by half, the lock on its row would stay.
   */
  async sendOnSideConnection(statements: readonly Statement[]): Promise<PipelineResult> {
    const all = [BEGIN, boundTransaction(0, this.#statementTimeout), ...statements, COMMIT];
    const result = await this.#aside((client) => sendPipeline(client, all, false));
    return result.slice(2, -1);
  }

  async #aside<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    const { connectionParameters } = this.#client as unknown as { connectionParameters: ClientConfig };
    const client = new pg.Client(connectionParameters);
    client.on('error', ignore);
    try {
      return await orDestroyed(client, REPLY_MARGIN, async () => {
        await client.connect();
        return work(client);
      });
    } finally {
      void client.end().catch(ignore);
    }
  }

  /** Hands the connection back to the pool. */
  async close(): Promise<void> {
    this.#stall?.stop();
    await this.queryRunner.release().catch(ignore);
    this.#client.removeListener('error', ignore);
  }

  /** Breaks the connection off, whatever is under way on it, and lets the pool go on without it. The server rolls back. */
  async abandon(): Promise<void> {
    const ended = new Promise((resolve) => this.#client.once('end', resolve));
    streamOf(this.#client)?.destroy();
    // Given back before its end is known, it could be handed out again.
    const patience = new AbortController();
    await Promise.race([
      ended,
      delay(ABANDONED_WITHIN, undefined, { signal: patience.signal }).catch(ignore),
    ]);
    patience.abort();
    await this.close();
  }
}

/** Gives the connection up when the work takes longer: it then fails as for any other lost connection. */
async function orDestroyed<T>(client: ClientBase, ms: number, work: () => Promise<T>): Promise<T> {
  const overdue = setTimeout(() => streamOf(client)?.destroy(), Math.min(ms, TIMER_MOST));
  try {
    return await work();
  } finally {
    clearTimeout(overdue);
  }
}

/** @throws NoConnectionError after `OPEN_WITHIN`, or sooner when the signal is aborted */
async function inTime<T>(connecting: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const timers: NodeJS.Timeout[] = [];
  let hurry: () => void = ignore;
  const late = new Promise<never>((_, reject) => {
    const giveUp = () =>
      reject(new NoConnectionError('the pool has none left, or the server does not answer'));
    hurry = () => timers.push(setTimeout(giveUp, OPEN_WITHIN_AT_STOP));
    timers.push(setTimeout(giveUp, OPEN_WITHIN));
  });
  if (signal?.aborted) hurry();
  signal?.addEventListener('abort', hurry);
  try {
    return await Promise.race([connecting, late]);
  } finally {
    timers.forEach(clearTimeout);
    signal?.removeEventListener('abort', hurry);
  }
}

function ignore(): void {
  // On purpose.
}
