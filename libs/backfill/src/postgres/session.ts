import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { text } from './decoders.js';
import { canPipeline, sendPipeline, type Statement } from './pipeline.js';
import { describeSession } from './session-description.js';
import { openConnection, type OpenConnection, type SessionOptions } from './session.opener.js';
import { SideConnection } from './side-connection.js';
import { maxQuietMs, StallWatch, terminateAbandoned, type BackendIdentity } from './stall.watch.js';
import type { PipelineResult, StatementResult } from './statement-result.js';
import { ignoreError, streamOf, withTimeLimit } from './stream.js';
import { BEGIN, COMMIT, setLedgerTimeouts } from './timeout-policy.js';

/** Time for the network, in addition to the server's own timeouts. */
const REPLY_MARGIN_MS = 5_000;
/** A session whose pipeline is incomplete for this many times the quiet time is abandoned. */
const ABANDONED_QUIET_TIMES = 3;
/** A destroyed connection must report its end within this time. */
const MAX_END_MS = 500;
/** Idle time before TCP sends its first keep-alive probe. */
const KEEP_ALIVE_DELAY_MS = 10_000;

/** One connection of the application's pool, used by one worker at a time. */
export class Session {
  readonly #client: ClientBase;
  /** Null behind a pooler. A direct connection may keep prepared statements. */
  readonly #backend: BackendIdentity | null;
  readonly #statementTimeout: number;
  readonly #side: SideConnection;
  readonly #stallWatch: StallWatch | null;
  /** Pipelines whose reply has not arrived. */
  #inFlight = 0;
  #sentAt: number | null = null;
  #pipelinesSent = 0;
  /** Between `begin` and `commit` or `rollback`. */
  #isInTransaction = false;
  /** For code that needs TypeORM's own transaction on this connection. */
  readonly queryRunner: QueryRunner;

  /** @internal use `Session.open` */
  constructor({ queryRunner, client, backend, statementTimeout }: OpenConnection) {
    this.queryRunner = queryRunner;
    this.#client = client;
    this.#backend = backend;
    this.#statementTimeout = statementTimeout;
    this.#side = new SideConnection(client, statementTimeout);
    // The current statement, or the next one, reports the loss of the connection.
    client.on('error', ignoreError);
    // Without it, a connection whose network disappeared would never end, not even for the code of a
    // `process`.
    streamOf(client)?.setKeepAlive?.(true, KEEP_ALIVE_DELAY_MS);
    this.#stallWatch = backend && this.#watchStalls(backend);
  }

  #watchStalls(backend: BackendIdentity): StallWatch {
    return new StallWatch({
      client: this.#client,
      backend,
      quietMs: maxQuietMs(this.#statementTimeout),
      sendAside: async (statement) => (await this.sendOnSideConnection([statement])).last,
    });
  }

  /** @throws the driver's error; NoConnectionError when no connection is available in time */
  static async open(dataSource: DataSource, options?: SessionOptions): Promise<Session> {
    return new Session(await openConnection(dataSource, options));
  }

  /** Runs the statements in a transaction of their own: one round trip. */
  async transaction(statements: readonly Statement[]): Promise<PipelineResult> {
    const opening = this.#opening(statements);
    const result = await this.#send([...opening, ...statements, COMMIT]);
    return result.slice(opening.length, -1);
  }

  /**
   * Runs one statement in a transaction of its own, under a policy: one round trip.
   *
   * @param policy see `applyPolicy`
   */
  async query(policy: Statement, statement: Statement): Promise<StatementResult> {
    return (await this.transaction([policy, statement])).last;
  }

  /** Opens a transaction. `send` runs further statements in it; `commit` or `rollback` ends it. */
  async begin(statements: readonly Statement[]): Promise<PipelineResult> {
    this.#isInTransaction = true;
    const result = await this.#send([BEGIN, ...statements]);
    return result.slice(1);
  }

  /** Runs the last statements of a transaction opened with `begin`, and its COMMIT: one round trip. */
  async commit(statements: readonly Statement[] = []): Promise<PipelineResult> {
    const result = await this.#send([...statements, COMMIT]);
    this.#isInTransaction = false;
    return result;
  }

  /** Never throws: a connection that cannot roll back is closed, and then the server rolls back. */
  async rollback(): Promise<void> {
    this.#isInTransaction = false;
    await withTimeLimit(this.#client, REPLY_MARGIN_MS, () => this.#client.query('ROLLBACK')).catch(() =>
      streamOf(this.#client)?.destroy(),
    );
  }

  /**
   * Sends a transaction behind the pipeline in flight. The server starts it as soon as it has finished that
   * one, without waiting for a round trip. If the pipeline in flight fails before its COMMIT, this one fails
   * too, because it begins in a failed transaction.
   *
   * @returns null when not exactly one pipeline is in flight, behind a pooler, or when a statement is not
   * prepared yet
   */
  pipelineTransaction(statements: readonly Statement[]): Promise<PipelineResult> | null {
    const opening = this.#opening(statements);
    const all = [...opening, ...statements, COMMIT];
    if (!this.#backend || this.#inFlight !== 1 || !canPipeline(this.#client, all)) return null;
    return this.#send(all, 'behind').then((result) => result.slice(opening.length, -1));
  }

  #opening(statements: readonly Statement[]): readonly Statement[] {
    if (statements[0]?.setsTimeouts) return [BEGIN];
    return [BEGIN, setLedgerTimeouts(statements.length + 1, this.#statementTimeout)];
  }

  /**
   * Terminates sessions of this library whose process is gone in the middle of a pipeline. Before PostgreSQL
   * 17 the server itself has no timeout for them.
   *
   * @returns how many sessions were terminated
   */
  async endAbandoned(): Promise<number> {
    const idleMs = ABANDONED_QUIET_TIMES * maxQuietMs(this.#statementTimeout);
    return (await this.send([terminateAbandoned(idleMs)])).last.rows.length;
  }

  /**
   * Runs the statements in one round trip: in the open transaction, or else in a transaction of their own. An
   * error rolls the transaction back. The connection is closed when no reply arrives in the time that the
   * server has for the statements.
   */
  async send(statements: readonly Statement[]): Promise<PipelineResult> {
    const isInside = this.#isInTransaction || this.queryRunner.isTransactionActive;
    return isInside ? this.#send(statements) : this.transaction(statements);
  }

  async #send(
    statements: readonly Statement[],
    order: 'alone' | 'behind' = 'alone',
  ): Promise<PipelineResult> {
    this.#pipelinesSent++;
    this.#inFlight++;
    this.#sentAt ??= performance.now();
    const isBehind = order === 'behind';
    const pipelines = isBehind ? 2 : 1;
    const limitMs = pipelines * statements.length * this.#statementTimeout + REPLY_MARGIN_MS;
    const options = { prepare: this.#backend !== null, writeAtOnce: isBehind };
    try {
      const result = await withTimeLimit(this.#client, limitMs, () =>
        sendPipeline(this.#client, statements, options),
      );
      this.#replyReceived();
      return result;
    } catch (error) {
      this.#replyReceived();
      // A pipeline behind this one fails too, and rolls back.
      if (this.#inFlight === 0) await this.rollback();
      throw error;
    }
  }

  #replyReceived(): void {
    this.#inFlight--;
    this.#sentAt = this.#inFlight > 0 ? performance.now() : null;
  }

  /** Milliseconds since the server owes a reply; 0 when no pipeline is in flight. */
  get waitedMs(): number {
    return this.#sentAt === null ? 0 : performance.now() - this.#sentAt;
  }

  /**
   * The sessions that block this one now (`pg_blocking_pids()`), see `describeSession`; none behind a pooler.
   */
  async describeBlockers(): Promise<string[]> {
    if (!this.#backend) return [];
    const result = await this.sendOnSideConnection([
      {
        text: `SELECT ${describeSession('a')} FROM pg_stat_activity AS a WHERE a.pid = ANY(pg_blocking_pids($1::int))`,
        values: [this.#backend.pid],
      },
    ]);
    return result.last.values(text);
  }

  /**
   * Parses a value as the application's own queries on this connection do. @param type OID of the value's
   * type
   */
  parse(value: string | null, type: number): unknown {
    if (value === null) return null;
    const parser = (
      this.#client as unknown as { getTypeParser(oid: number, format: 'text'): (value: string) => unknown }
    ).getTypeParser(type, 'text');
    return parser(value);
  }

  /**
   * Asks the server to cancel the current statement. Does nothing behind a pooler: there the statement ends
   * by its own timeouts. Never throws.
   */
  async cancel(): Promise<void> {
    if (!this.#backend) return;
    const pipelinesSent = this.#pipelinesSent;
    const cancelStatement: Statement = {
      text: 'SELECT pg_cancel_backend($1::int)',
      values: [this.#backend.pid],
    };
    // If the server cannot be reached or refuses, nothing more can be cancelled.
    await this.#side
      .use(async (client) => {
        // While the side connection was opened, the statement may have ended and another may have started.
        if (pipelinesSent === this.#pipelinesSent) await sendPipeline(client, [cancelStatement]);
      })
      .catch(ignoreError);
  }

  /**
   * Runs the statements in a transaction on another connection, outside the pool, while this session may be
   * busy.
   */
  sendOnSideConnection(statements: readonly Statement[]): Promise<PipelineResult> {
    return this.#side.send(statements);
  }

  /** Returns the connection to the pool. */
  async close(): Promise<void> {
    this.#stallWatch?.stop();
    await this.queryRunner.release().catch(ignoreError);
    this.#client.removeListener('error', ignoreError);
  }

  /** Destroys the connection, whatever runs on it, and removes it from the pool. The server rolls back. */
  async abandon(): Promise<void> {
    const ended = new Promise((resolve) => this.#client.once('end', resolve));
    streamOf(this.#client)?.destroy();
    // If the pool got the connection back before its end is known, it could lend it again.
    const timeout = new AbortController();
    await Promise.race([ended, delay(MAX_END_MS, undefined, { signal: timeout.signal }).catch(ignoreError)]);
    timeout.abort();
    await this.close();
  }
}
