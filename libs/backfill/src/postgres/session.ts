import { setTimeout as delay } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import type { DataSource, QueryRunner } from 'typeorm';
import { boolean, text } from './decoders.js';
import { canPipeline, sendPipeline, type Statement } from './pipeline.js';
import { describeSession, type SessionWait } from './session-description.js';
import { openConnection, type OpenConnection, type SessionOptions } from './session.opener.js';
import { SideConnection } from './side-connection.js';
import { maxQuietMs, StallWatch, terminateAbandoned, type BackendIdentity } from './stall.watch.js';
import type { PipelineResult, StatementResult } from './statement-result.js';
import { ignoreError, streamOf, withTimeLimit } from './stream.js';
import { BEGIN, COMMIT, setLedgerTimeouts } from './timeout-policy.js';

/** The time allowed for the network, in addition to the server's timeouts. */
const REPLY_MARGIN_MS = 5_000;
/**
 * A session counts as abandoned if it has waited for the rest of a pipeline for this many times `maxQuietMs`.
 */
const ABANDONED_QUIET_FACTOR = 3;
/** The maximum wait for the `end` event of a destroyed connection. */
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
  /** The depth of `part`. */
  #parts = 0;
  /** For code that needs TypeORM's own transaction on this connection. */
  readonly queryRunner: QueryRunner;

  /** @internal use `Session.open` */
  constructor({ queryRunner, client, poolOptions, backend, statementTimeout }: OpenConnection) {
    this.queryRunner = queryRunner;
    this.#client = client;
    this.#backend = backend;
    this.#statementTimeout = statementTimeout;
    this.#side = new SideConnection(poolOptions, statementTimeout);
    // The error is ignored here, because the current or the next statement reports the lost connection.
    client.on('error', ignoreError);
    // Without keep-alive, a connection whose network has failed would never end, e.g. while the code of
    // `process` uses it.
    streamOf(client)?.setKeepAlive?.(true, KEEP_ALIVE_DELAY_MS);
    this.#stallWatch = backend && this.#watchStalls(backend);
  }

  #watchStalls(backend: BackendIdentity): StallWatch {
    return new StallWatch({
      client: this.#client,
      backend,
      quietMs: maxQuietMs(this.#statementTimeout),
      sendOnSideConnection: async (statement) => (await this.sendOnSideConnection([statement])).last,
    });
  }

  /** @throws the driver's error; NoConnectionError when no connection is available in time */
  static async open(dataSource: DataSource, options?: SessionOptions): Promise<Session> {
    return new Session(await openConnection(dataSource, options));
  }

  /** Runs the statements in a new transaction, in one round trip. */
  async transaction(statements: readonly Statement[]): Promise<PipelineResult> {
    const opening = this.#openingStatements(statements);
    const result = await this.#send([...opening, ...statements, COMMIT]);
    return result.slice(opening.length, -1);
  }

  /**
   * Runs one statement in a new transaction with a policy, in one round trip.
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

  /** Runs the last statements of a transaction that `begin` opened, and its COMMIT, in one round trip. */
  async commit(statements: readonly Statement[] = []): Promise<PipelineResult> {
    const result = await this.#send([...statements, COMMIT]);
    this.#isInTransaction = false;
    return result;
  }

  /** Never throws. If the rollback fails, the connection is closed, and the server rolls back. */
  async rollback(): Promise<void> {
    this.#isInTransaction = false;
    await withTimeLimit(this.#client, REPLY_MARGIN_MS, () => this.#client.query('ROLLBACK')).catch(() =>
      streamOf(this.#client)?.destroy(),
    );
  }

  /**
   * Runs a part of the open transaction. An error rolls back this part only, and the transaction goes on.
   *
   * @param end `rolled-back`: the part is rolled back in any case
   */
  async part<T>(work: () => Promise<T>, end: 'kept' | 'rolled-back' = 'kept'): Promise<T> {
    const savepoint = `nb_part_${++this.#parts}`;
    const rollBack = () => this.#client.query(`ROLLBACK TO SAVEPOINT ${savepoint}`);
    try {
      await this.#send([{ text: `SAVEPOINT ${savepoint}` }]);
      const result = await work();
      if (end === 'rolled-back') await rollBack();
      return result;
    } catch (error) {
      await withTimeLimit(this.#client, REPLY_MARGIN_MS, rollBack).catch(() => this.rollback());
      throw error;
    } finally {
      this.#parts--;
    }
  }

  /**
   * Sends a transaction before the reply to the pipeline in flight. The server starts it as soon as it has
   * finished that pipeline, without waiting for a round trip. If the pipeline in flight fails before its
   * COMMIT, this transaction fails too, because it begins in a failed transaction.
   *
   * @returns null behind a pooler, if no pipeline is in flight, or if a statement is not prepared yet
   */
  pipelineTransaction(statements: readonly Statement[]): Promise<PipelineResult> | null {
    const opening = this.#openingStatements(statements);
    const all = [...opening, ...statements, COMMIT];
    if (!this.#backend || this.#inFlight === 0 || !canPipeline(this.#client, all)) return null;
    return this.#send(all, 'pipelined').then((result) => result.slice(opening.length, -1));
  }

  #openingStatements(statements: readonly Statement[]): readonly Statement[] {
    if (statements[0]?.setsTimeouts) return [BEGIN];
    return [BEGIN, setLedgerTimeouts(statements.length + 1, this.#statementTimeout)];
  }

  /**
   * Terminates sessions of this library whose client has stopped in the middle of a pipeline. PostgreSQL
   * before version 17 has no timeout for them.
   *
   * @returns the number of terminated sessions
   */
  async endAbandoned(): Promise<number> {
    const idleMs = ABANDONED_QUIET_FACTOR * maxQuietMs(this.#statementTimeout);
    return (await this.send([terminateAbandoned(idleMs)])).last.rows.length;
  }

  /**
   * Runs the statements in one round trip: in the open transaction if there is one, otherwise in a new
   * transaction. An error rolls the transaction back. If no reply arrives within the timeouts of the
   * statements, the connection is closed.
   */
  async send(statements: readonly Statement[]): Promise<PipelineResult> {
    const isInside = this.#isInTransaction || this.queryRunner.isTransactionActive;
    return isInside ? this.#send(statements) : this.transaction(statements);
  }

  /**
   * Like `send`. If no transaction is open, the policy applies to the new one: without it, a statement that needs
   * a lock waits for the whole statement timeout. Functions such as `pg_relation_size` lock the table too.
   *
   * @param policy see `applyPolicy`
   * @returns the results of `statements`
   */
  async sendWithin(policy: Statement, statements: readonly Statement[]): Promise<PipelineResult> {
    const isInside = this.#isInTransaction || this.queryRunner.isTransactionActive;
    if (isInside) return this.#send(statements);
    return (await this.transaction([policy, ...statements])).slice(1);
  }

  async #send(
    statements: readonly Statement[],
    order: 'alone' | 'pipelined' = 'alone',
  ): Promise<PipelineResult> {
    this.#pipelinesSent++;
    this.#inFlight++;
    this.#sentAt ??= performance.now();
    const isPipelined = order === 'pipelined';
    // The server executes the pipelines in flight one after the other.
    const limitMs = this.#inFlight * statements.length * this.#statementTimeout + REPLY_MARGIN_MS;
    const options = { prepare: this.#backend !== null, writeAtOnce: isPipelined };
    try {
      const result = await withTimeLimit(this.#client, limitMs, () =>
        sendPipeline(this.#client, statements, options),
      );
      this.#replyReceived();
      return result;
    } catch (error) {
      this.#replyReceived();
      // If another pipeline is in flight, it fails too and does the rollback. A part of a transaction does its own.
      if (this.#inFlight === 0 && this.#parts === 0) await this.rollback();
      throw error;
    }
  }

  #replyReceived(): void {
    this.#inFlight--;
    this.#sentAt = this.#inFlight > 0 ? performance.now() : null;
  }

  /** Milliseconds that the session has waited for a reply; 0 if no pipeline is in flight. */
  get waitedMs(): number {
    return this.#sentAt === null ? 0 : performance.now() - this.#sentAt;
  }

  /**
   * Describes what the current statement waits for: the sessions that block it (`pg_blocking_pids()`), or the
   * confirmation of its commit by a standby. Behind a pooler, neither is known.
   */
  async describeWait(): Promise<SessionWait> {
    if (!this.#backend) return { holders: [], isForStandby: false };
    const result = await this.sendOnSideConnection([
      {
        text: `SELECT ${describeSession('a')} FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = ANY(pg_catalog.pg_blocking_pids($1::int))`,
        values: [this.#backend.pid],
      },
      {
        text: `SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = $1::int AND a.wait_event = 'SyncRep')`,
        values: [this.#backend.pid],
      },
    ]);
    return { holders: result.at(0).values(text), isForStandby: result.last.value(boolean) };
  }

  /**
   * Parses a value with the type parsers that the application's queries on this connection use.
   *
   * @param type OID of the value's type
   */
  parse(value: string | null, type: number): unknown {
    if (value === null) return null;
    const parser = (
      this.#client as unknown as { getTypeParser(oid: number, format: 'text'): (value: string) => unknown }
    ).getTypeParser(type, 'text');
    return parser(value);
  }

  /**
   * Asks the server to cancel the current statement. Does nothing behind a pooler, where only the timeouts
   * end the statement. Never throws.
   */
  async cancel(): Promise<void> {
    if (!this.#backend) return;
    const pipelinesSent = this.#pipelinesSent;
    const cancelStatement: Statement = {
      text: 'SELECT pg_catalog.pg_cancel_backend($1::int)',
      values: [this.#backend.pid],
    };
    // Errors are ignored, because there is no other way to cancel the statement.
    await this.#side
      .use(async (client) => {
        // While the side connection was opened, the statement may have ended and another may have started.
        if (pipelinesSent === this.#pipelinesSent) await sendPipeline(client, [cancelStatement]);
      })
      .catch(ignoreError);
  }

  /**
   * Runs the statements in a transaction on a new connection outside the pool. It works while this session is
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

  /**
   * Destroys the connection, even while a statement runs, and removes it from the pool. The server rolls
   * back.
   */
  async abandon(): Promise<void> {
    const ended = new Promise((resolve) => this.#client.once('end', resolve));
    streamOf(this.#client)?.destroy();
    // Waits for the end of the connection. Otherwise the pool could hand out the connection again.
    const timeout = new AbortController();
    await Promise.race([ended, delay(MAX_END_MS, undefined, { signal: timeout.signal }).catch(ignoreError)]);
    timeout.abort();
    await this.close();
  }
}
