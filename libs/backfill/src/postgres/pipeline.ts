import { createHash } from 'node:crypto';
import type { ClientBase, ClientConfig, Submittable } from 'pg';
import { MAX_TIMER_MS } from '../text/timers.js';
import { PipelineResult, type TextRow } from './statement-result.js';

export { PipelineResult, type TextRow } from './statement-result.js';

/** One statement with its parameters in PostgreSQL's text format. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly (string | null)[];
  /** Also return the types of the columns, so that the values can be parsed (see `Session.parse`). */
  readonly typed?: boolean;
  /** The statement sets the timeouts of its transaction: see `applyPolicy`. */
  readonly setsTimeouts?: boolean;
}

/** How a pipeline is sent. */
export interface PipelineOptions {
  /**
   * Keep the statements prepared on the server. Only for a direct connection: a pooler in transaction mode
   * runs the next transaction in another server session.
   *
   * @default false
   */
  readonly prepare?: boolean;
  /**
   * Write the messages now, without waiting for the reply to the pipeline in flight. See `canPipeline`.
   * @default false
   */
  readonly writeAtOnce?: boolean;
}

/**
 * The part of node-postgres' wire connection that a custom query (`Submittable`, like that of pg-cursor)
 * uses.
 */
interface WireConnection {
  readonly stream: { cork?(): void; uncork?(): void };
  parse(message: { text: string; name: string; types: number[] }, more: boolean): void;
  bind(
    message: { portal: string; statement: string; values: readonly (string | null)[]; binary: boolean },
    more: boolean,
  ): void;
  describe(message: { type: 'P' | 'S'; name: string }, more: boolean): void;
  execute(message: { portal: string; rows: number }, more: boolean): void;
  close(message: { type: 'P' | 'S'; name: string }, more: boolean): void;
  sync(): void;
}

/** `unknown`: an error has occurred, and the server may or may not have prepared the statement. */
type Preparation = 'prepared' | 'unknown';
const preparationsByClient = new WeakMap<ClientBase, Map<string, Preparation>>();

/**
 * Sends several statements in one round trip, and waits once for all replies. At the first error, the server
 * skips the remaining statements. So it executes a final COMMIT only if all statements before it succeeded.
 * If the client dies after it has sent the messages, the transaction does not stay open, because the server
 * needs no further message.
 *
 * This is the pipelining of the extended query protocol (PostgreSQL manual, 54.2.4).
 *
 * @throws the server's error, as node-postgres reports it; the caller must roll the transaction back
 * @internal not in the package's type declarations, because an application may not have `@types/pg`
 */
export function sendPipeline(
  client: ClientBase,
  statements: readonly Statement[],
  options: PipelineOptions = {},
): Promise<PipelineResult> {
  if (!supportsPipeline(client)) return sendOneByOne(client, statements);
  return new Promise((resolve, reject) => {
    const pipeline = new Pipeline({
      client,
      statements,
      prepare: options.prepare ?? false,
      resolve,
      reject,
    });
    // node-postgres queues the pipeline until the one in flight has ended. Its messages can be written before
    // that.
    if (options.writeAtOnce && queueOf(client).queued !== null) queueOf(client).waiting.push(pipeline);
    else enqueue(client, pipeline);
    if (options.writeAtOnce) pipeline.write((client as unknown as { connection: WireConnection }).connection);
  });
}

/** Pipelines of one client that have been written and not begun. */
interface PipelineQueue {
  /** In the queue of node-postgres, which announces that a longer queue is not supported in the future. */
  queued: Pipeline | null;
  /** Behind it. */
  readonly waiting: Pipeline[];
}

const queuesByClient = new WeakMap<ClientBase, PipelineQueue>();

function queueOf(client: ClientBase): PipelineQueue {
  let queue = queuesByClient.get(client);
  if (!queue) queuesByClient.set(client, (queue = { queued: null, waiting: [] }));
  return queue;
}

function enqueue(client: ClientBase, pipeline: Pipeline): void {
  queueOf(client).queued = pipeline;
  client.query(pipeline as unknown as Submittable);
}

/**
 * Whether the statements may be written before the reply to the pipeline in flight. All of them must already
 * be prepared, because it is not known whether the statements that the pipeline in flight prepares will be
 * prepared. No pipeline may wait to be written, because the replies come in the order of the messages.
 *
 * @internal see `sendPipeline`
 */
export function canPipeline(client: ClientBase, statements: readonly Statement[]): boolean {
  const preparations = preparationsByClient.get(client);
  return (
    supportsPipeline(client) &&
    queueOf(client).queued?.isWritten !== false &&
    statements.every(({ text }) => preparations?.get(statementName(text)) === 'prepared')
  );
}

function supportsPipeline(client: ClientBase): boolean {
  const { connection, pipeline } = client as unknown as {
    connection?: { parse?: unknown };
    pipeline?: boolean;
  };
  return typeof connection?.parse === 'function' && pipeline !== true;
}

/**
 * For clients without custom queries (pg-native, or node-postgres in its own pipeline mode). The result is
 * the same, with more round trips.
 */
async function sendOneByOne(client: ClientBase, statements: readonly Statement[]): Promise<PipelineResult> {
  const rows: TextRow[][] = [];
  const types: (number[] | undefined)[] = [];
  for (const { text, values, typed } of statements) {
    const result = await client.query<(string | null)[], (string | null)[]>({
      text,
      values: [...(values ?? [])],
      rowMode: 'array',
      types: { getTypeParser: () => (value: string | Buffer) => value },
    });
    rows.push(result.rows);
    types.push(typed ? result.fields.map((field) => field.dataTypeID) : undefined);
  }
  return new PipelineResult(rows, types);
}

/** The cache saves the computation of a digest per batch. A process sends few different statement texts. */
const MAX_CACHED_NAMES = 1_000;
const namesByText = new Map<string, string>();

function statementName(text: string): string {
  let name = namesByText.get(text);
  if (name === undefined) {
    if (namesByText.size >= MAX_CACHED_NAMES) namesByText.clear();
    name = `nestjs_backfill_${createHash('sha1').update(text).digest('hex').slice(0, 16)}`;
    namesByText.set(text, name);
  }
  return name;
}

interface PipelineRequest {
  readonly client: ClientBase;
  readonly statements: readonly Statement[];
  readonly prepare: boolean;
  readonly resolve: (result: PipelineResult) => void;
  readonly reject: (error: unknown) => void;
}

class Pipeline {
  /** node-postgres sets it when the pool has a `query_timeout`; calling it stops that timer. */
  callback: (() => void) | undefined;
  /**
   * Replaces the `query_timeout` of the pool, in milliseconds. A batch may take as long as the server's
   * timeouts allow, and the session closes the connection soon after that. Undefined if the pool has no
   * `query_timeout`; node-postgres then starts no timer.
   */
  readonly query_timeout: number | undefined;
  readonly #request: PipelineRequest;
  readonly #rows: TextRow[][];
  readonly #types: (number[] | undefined)[];
  readonly #newlyPrepared = new Set<string>();
  #statementIndex = 0;
  #isWritten = false;
  #hasFailed = false;

  get isWritten(): boolean {
    return this.#isWritten;
  }

  constructor(request: PipelineRequest) {
    const { client, statements } = request;
    const { connectionParameters } = client as unknown as { connectionParameters?: ClientConfig };
    this.query_timeout = connectionParameters?.query_timeout ? MAX_TIMER_MS : undefined;
    this.#request = request;
    this.#rows = statements.map(() => []);
    this.#types = statements.map(() => undefined);
  }

  /** node-postgres calls it when the previous query has ended. */
  submit(connection: WireConnection): null {
    this.write(connection);
    const { client } = this.#request;
    const queue = queueOf(client);
    if (queue.queued === this) queue.queued = null;
    const next = queue.queued === null ? queue.waiting.shift() : undefined;
    if (next) enqueue(client, next);
    return null;
  }

  write(connection: WireConnection): void {
    if (this.#isWritten) return;
    this.#isWritten = true;
    connection.stream.cork?.();
    for (const statement of this.#request.statements) {
      const name = this.#request.prepare ? this.#prepareOnce(connection, statement.text) : '';
      if (!name) connection.parse({ text: statement.text, name: '', types: [] }, true);
      connection.bind({ portal: '', statement: name, values: statement.values ?? [], binary: false }, true);
      if (statement.typed) connection.describe({ type: 'P', name: '' }, true);
      connection.execute({ portal: '', rows: 0 }, true);
    }
    connection.sync();
    connection.stream.uncork?.();
  }

  #prepareOnce(connection: WireConnection, text: string): string {
    const preparations = this.#preparations();
    const name = statementName(text);
    const preparation = preparations.get(name);
    if (preparation === 'prepared') return name;
    // Closing a statement that does not exist is no error.
    if (preparation === 'unknown') connection.close({ type: 'S', name }, true);
    connection.parse({ text, name, types: [] }, true);
    preparations.set(name, 'unknown');
    this.#newlyPrepared.add(name);
    return name;
  }

  #preparations(): Map<string, Preparation> {
    const { client } = this.#request;
    let preparations = preparationsByClient.get(client);
    if (!preparations) preparationsByClient.set(client, (preparations = new Map<string, Preparation>()));
    return preparations;
  }

  handleRowDescription(message: { fields: { dataTypeID: number }[] }): void {
    this.#types[this.#statementIndex] = message.fields.map((field) => field.dataTypeID);
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#rows[this.#statementIndex]?.push(message.fields);
  }

  handleCommandComplete(): void {
    this.#statementIndex++;
  }

  handleEmptyQuery(): void {
    this.#statementIndex++;
  }

  handlePortalSuspended(): void {
    // Every portal is executed completely, so the server does not send this message.
  }

  handleError(error: unknown): void {
    this.callback?.();
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    // The server may have lost all prepared statements. Each is closed and prepared again before its next
    // use.
    const preparations = this.#preparations();
    for (const name of preparations.keys()) preparations.set(name, 'unknown');
    this.#request.reject(error);
    this.#failWaiting(error);
  }

  /** The connection has ended before this pipeline began, so those behind it will not begin either. */
  #failWaiting(error: unknown): void {
    const queue = queueOf(this.#request.client);
    if (queue.queued !== this) return;
    queue.queued = null;
    for (const pipeline of queue.waiting.splice(0)) pipeline.handleError(error);
  }

  handleReadyForQuery(): void {
    this.callback?.();
    if (this.#hasFailed) return;
    // Other unknown preparations stay unknown.
    const preparations = this.#preparations();
    for (const name of this.#newlyPrepared) preparations.set(name, 'prepared');
    this.#request.resolve(new PipelineResult(this.#rows, this.#types));
  }
}
