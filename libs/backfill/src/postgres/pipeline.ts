import { createHash } from 'node:crypto';
import type { ClientBase, ClientConfig, Submittable } from 'pg';
import { StatementResult, type TextRow } from './statement-result.js';

/** One statement with its parameters in PostgreSQL's text format. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly (string | null)[];
  /** Ask for the columns' types too, so that rows can be parsed (see `parsed`). */
  readonly typed?: boolean;
  /** It bounds the transaction that it is in: see `applyPolicy`. */
  readonly bounds?: boolean;
}

export type { TextRow } from './statement-result.js';

/** What the statements of one pipeline returned, in their order. */
export class PipelineResult {
  /** The rows of each statement, in order. */
  readonly rows: readonly (readonly TextRow[])[];
  /** The column types of each statement that was sent with `typed`. */
  readonly types: readonly (readonly number[] | undefined)[];

  constructor(rows: readonly (readonly TextRow[])[], types: readonly (readonly number[] | undefined)[]) {
    this.rows = rows;
    this.types = types;
  }

  /** The result of one statement. @param index from 0; negative counts from the last */
  at(index: number): StatementResult {
    return new StatementResult(this.rows.at(index) ?? [], this.types.at(index));
  }

  /** The result of the last statement. */
  get last(): StatementResult {
    return this.at(-1);
  }

  /** Without the statements that the session itself put around those of the caller. */
  slice(start: number, end?: number): PipelineResult {
    return new PipelineResult(this.rows.slice(start, end), this.types.slice(start, end));
  }
}

/** The part of node-postgres' wire connection that a custom query (`Submittable`, as pg-cursor is one) may use. */
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

type Preparation = 'prepared' | 'unsure';
const preparedByClient = new WeakMap<ClientBase, Map<string, Preparation>>();

/**
 * Sends several statements at once and waits once: one round trip, whatever their number. The server stops at the first
 * error and skips the rest, so a COMMIT at the end is reached only if everything before it succeeded; and since it needs
 * no word from the client in between, a client that stalls or dies half-way leaves no transaction open.
 *
 * This is the extended query protocol's own pipelining (PostgreSQL manual, 54.2.4).
 *
 * @param prepare keep the statements' plans on the server; only where the server is reached directly, since a pooler in
 * transaction mode hands the next transaction to another server session
 * @param ahead send it behind the flight that is under way, not after its return; see `canFlyAhead`
 * @throws the server's error, as node-postgres gives it; the transaction is then left to be rolled back
 * @internal not in the package's types: node-postgres has its own in a package that an application need not have
 */
export function sendPipeline(
  client: ClientBase,
  statements: readonly Statement[],
  prepare: boolean,
  ahead = false,
): Promise<PipelineResult> {
  if (!supportsPipeline(client)) return sendOneByOne(client, statements);
  return new Promise((resolve, reject) => {
    const flight = new Pipeline(client, statements, prepare, resolve, reject);
    // node-postgres keeps it in its queue until the one under way is over; what it says is on its way before.
    client.query(flight as unknown as Submittable);
    if (ahead) flight.write((client as unknown as { connection: WireConnection }).connection);
  });
}

/**
 * Whether a flight may be sent behind the one under way: its statements must be prepared, since what that one would do to them when
 * it failed is not known yet.
 *
 * @internal see `fly`
 */
export function canPipeline(client: ClientBase, statements: readonly Statement[]): boolean {
  const known = preparedByClient.get(client);
  return (
    supportsPipeline(client) && statements.every(({ text }) => known?.get(statementName(text)) === 'prepared')
  );
}

function supportsPipeline(client: ClientBase): boolean {
  const { connection, pipeline } = client as unknown as {
    connection?: { parse?: unknown };
    pipeline?: boolean;
  };
  return typeof connection?.parse === 'function' && pipeline !== true;
}

/** For clients that take no custom queries (pg-native, or node-postgres in its own pipeline mode): more round trips, same result. */
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

const names = new Map<string, string>();
/** Milliseconds that a timer of Node.js takes at most. */
const TIMER_MOST = 2 ** 31 - 1;
/** Texts remembered at most: a process sends few different ones, but a name must not cost a digest in every batch. */
const NAMES_MOST = 1_000;

function statementName(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    if (names.size >= NAMES_MOST) names.clear();
    name = `nestjs_backfill_${createHash('sha1').update(text).digest('hex').slice(0, 16)}`;
    names.set(text, name);
  }
  return name;
}

class Pipeline {
  /** Set by node-postgres where the pool has a `query_timeout`: calling it stops that clock. */
  callback: (() => void) | undefined;
  /**
   * In place of the pool's own, in milliseconds: a read that looks through a window of the table takes as long as the server's timeouts
   * let it, and whoever sends a flight gives the connection up soon after that. Without one, node-postgres starts no clock.
   */
  readonly query_timeout: number | undefined;
  readonly #client: ClientBase;
  readonly #statements: readonly Statement[];
  readonly #prepare: boolean;
  readonly #resolve: (result: PipelineResult) => void;
  readonly #reject: (error: unknown) => void;
  readonly #rows: TextRow[][];
  readonly #types: (number[] | undefined)[];
  readonly #parsed = new Set<string>();
  #at = 0;
  #written = false;
  #failed = false;

  constructor(
    client: ClientBase,
    statements: readonly Statement[],
    prepare: boolean,
    resolve: (result: PipelineResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.#client = client;
    const { connectionParameters } = client as unknown as { connectionParameters?: ClientConfig };
    this.query_timeout = connectionParameters?.query_timeout ? TIMER_MOST : undefined;
    this.#statements = statements;
    this.#prepare = prepare;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#rows = statements.map(() => []);
    this.#types = statements.map(() => undefined);
  }

  /** node-postgres: it is this one's turn. */
  submit(connection: WireConnection): null {
    this.write(connection);
    return null;
  }

  write(connection: WireConnection): void {
    if (this.#written) return;
    this.#written = true;
    connection.stream.cork?.();
    for (const statement of this.#statements) {
      const name = this.#prepare ? this.#parseOnce(connection, statement.text) : '';
      if (!name) connection.parse({ text: statement.text, name: '', types: [] }, true);
      connection.bind({ portal: '', statement: name, values: statement.values ?? [], binary: false }, true);
      if (statement.typed) connection.describe({ type: 'P', name: '' }, true);
      connection.execute({ portal: '', rows: 0 }, true);
    }
    connection.sync();
    connection.stream.uncork?.();
  }

  #parseOnce(connection: WireConnection, text: string): string {
    const known = this.#known();
    const name = statementName(text);
    const state = known.get(name);
    if (state === 'prepared') return name;
    // After an error nobody knows whether the server got as far as preparing it. Closing what is not there is no error.
    if (state === 'unsure') connection.close({ type: 'S', name }, true);
    connection.parse({ text, name, types: [] }, true);
    known.set(name, 'unsure');
    this.#parsed.add(name);
    return name;
  }

  #known(): Map<string, Preparation> {
    let known = preparedByClient.get(this.#client);
    if (!known) preparedByClient.set(this.#client, (known = new Map<string, Preparation>()));
    return known;
  }

  handleRowDescription(message: { fields: { dataTypeID: number }[] }): void {
    this.#types[this.#at] = message.fields.map((field) => field.dataTypeID);
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#rows[this.#at]?.push(message.fields);
  }

  handleCommandComplete(): void {
    this.#at++;
  }

  handleEmptyQuery(): void {
    this.#at++;
  }

  handlePortalSuspended(): void {
    // Portals are executed to their end: this message does not come.
  }

  handleError(error: unknown): void {
    this.callback?.();
    if (this.#failed) return;
    this.#failed = true;
    // The server may have dropped or never made any of them; each is closed and prepared again when it is next needed.
    const known = this.#known();
    for (const name of known.keys()) known.set(name, 'unsure');
    this.#reject(error);
  }

  handleReadyForQuery(): void {
    this.callback?.();
    if (this.#failed) return;
    // Of others that are unsure this flight says nothing.
    const known = this.#known();
    for (const name of this.#parsed) known.set(name, 'prepared');
    this.#resolve(new PipelineResult(this.#rows, this.#types));
  }
}
