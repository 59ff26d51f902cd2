import type { DataSource } from 'typeorm';
import { isConnectionError, messageOf, sqlState, READ_ONLY } from '../../../postgres/error-classes.js';
import { READ_ONLY_WAITS, readOnlyCause, type ReadOnlyCause } from '../../../postgres/server/read-access.js';
import { NoConnectionError } from '../../../postgres/session.opener.js';
import { Session } from '../../../postgres/session.js';
import { backOff } from '../../../text/back-off.js';
import { classifyFailure } from '../outcome/failure.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { DatabaseLostError } from './database-lost.error.js';

/** Milliseconds between two attempts while an operator has made the database read-only. */
const HOLD_INTERVAL_MS = 1_000;

export interface RunConnectionOptions {
  readonly dataSource: DataSource;
  /** The statement timeout of the connection in milliseconds. */
  readonly statementTimeout: number;
  readonly stop: StopSignal;
  /** Maximum time of the attempts to reconnect, in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly warn: (message: string) => void;
  /** Called with what the connection waits for, while the database is read-only. */
  readonly waiting: (waitingFor: string) => void;
  /**
   * For a worker that the run can do without: the first attempt to open its connection is the only one, and ends
   * soon after the signal is aborted.
   */
  readonly dispensable?: AbortSignal;
}

/** The connection of one worker. It reconnects after a connection error. */
export class RunConnection {
  readonly #options: RunConnectionOptions;
  #session: Session | null = null;
  /** The last `use` could not reconnect. Until one succeeds, each `use` makes a single attempt. */
  #isLost = false;
  #hasOpened = false;
  /** What the work on this connection waits for, e.g. space on the server's disk; null if it continues. */
  waitingFor: string | null = null;

  constructor(options: RunConnectionOptions) {
    this.#options = options;
  }

  /** Whether it has had a session. */
  get hasOpened(): boolean {
    return this.#hasOpened;
  }

  get session(): Session | null {
    return this.#session;
  }

  /**
   * Runs `work` on the connection. If the connection is lost, runs `work` again from its start on a new
   * connection, so `work` must be repeatable. While `default_transaction_read_only` is on, it waits until the
   * run is asked to stop.
   *
   * @throws DatabaseLostError if the database is not available within `connectTimeoutMs`; any other error of
   * `work` without a second attempt
   */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    let startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work((this.#session ??= await this.#open()));
        this.#isLost = false;
        return result;
      } catch (error) {
        const cause = await this.#readOnlyCause(error);
        const isHeld = cause === 'read-only';
        if (isHeld) startedAt = performance.now();
        await this.#prepareRetry(error, startedAt, cause);
        if (cause !== null) this.#options.waiting(READ_ONLY_WAITS[cause]);
        else if (attempt === 1) this.#options.warn(`${describeRetry(error)}: ${messageOf(error)}`);
        await this.#options.stop.sleep(
          isHeld ? HOLD_INTERVAL_MS : backOff(attempt, { baseMs: 50, maxMs: 2_000 }),
        );
      }
    }
  }

  /** For optional queries at the end of a run. @returns null if the connection is closed or `work` fails */
  async ask<T>(work: (session: Session) => Promise<T>): Promise<T | null> {
    if (this.#session === null) return null;
    return this.use(work).catch(() => null);
  }

  /** Why the server executes no changes; null if the error has another cause. */
  async #readOnlyCause(error: unknown): Promise<ReadOnlyCause | null> {
    if (classifyFailure(error) !== 'busy' || this.#session === null) return null;
    const cause = await readOnlyCause(this.#session).catch(() => null);
    return cause === 'read-only' && sqlState(error) !== READ_ONLY ? null : cause;
  }

  /** @throws the error if it is not transient; DatabaseLostError if the time for attempts is over */
  async #prepareRetry(error: unknown, startedAt: number, cause: ReadOnlyCause | null): Promise<void> {
    const { connectTimeoutMs, stop } = this.#options;
    const failure = classifyFailure(error);
    if (failure !== 'connection' && failure !== 'busy' && failure !== 'conflict') throw error;
    if (this.#options.dispensable && !this.#hasOpened) throw error;
    // A session keeps the setting with which it has started. A new one may also reach the new primary.
    if (isConnectionError(error) || this.#session === null) await this.drop();
    else if (cause !== null) await this.abandon();
    const waitedMs = performance.now() - startedAt;
    if (!this.#isLost && waitedMs <= connectTimeoutMs && stop.reason === null) return;
    this.#isLost = true;
    throw new DatabaseLostError(waitedMs, error, cause && READ_ONLY_WAITS[cause]);
  }

  async #open(): Promise<Session> {
    const { dataSource, statementTimeout, stop, dispensable } = this.#options;
    const signal = dispensable ? AbortSignal.any([stop.signal, dispensable]) : stop.signal;
    const session = await Session.open(dataSource, { statementTimeout, signal });
    this.#hasOpened = true;
    return session;
  }

  /** Closes the connection while it is in use: the current statement fails. */
  async abandon(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.abandon();
  }

  /** Closes the connection; the next `use` opens a new one. */
  async drop(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }
}

function describeRetry(error: unknown): string {
  if (error instanceof NoConnectionError) return 'No connection is available, trying again';
  if (isConnectionError(error)) return 'Connection lost, trying again';
  return 'The server cannot carry out a statement now, trying again';
}
