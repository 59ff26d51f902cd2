import type { DataSource } from 'typeorm';
import { isConnectionError, messageOf } from '../../../postgres/error-classes.js';
import { Session } from '../../../postgres/session.js';
import { backOff } from '../../../text/back-off.js';
import { classifyFailure } from '../outcome/failure.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { DatabaseLostError } from './database-lost.error.js';

export interface RunConnectionOptions {
  readonly dataSource: DataSource;
  /** The statement timeout of the connection in milliseconds. */
  readonly statementTimeout: number;
  readonly stop: StopSignal;
  /** Maximum time of the attempts to reconnect, in milliseconds. */
  readonly connectTimeoutMs: number;
  readonly warn: (message: string) => void;
}

/** The connection of one worker. It reconnects after a connection error. */
export class RunConnection {
  readonly #options: RunConnectionOptions;
  #session: Session | null = null;
  /** The last `use` could not reconnect. Until one succeeds, each `use` makes a single attempt. */
  #isLost = false;

  constructor(options: RunConnectionOptions) {
    this.#options = options;
  }

  get session(): Session | null {
    return this.#session;
  }

  /**
   * Runs `work` on the connection. If the connection is lost, runs `work` again from its start on a new
   * connection, so `work` must be repeatable.
   *
   * @throws DatabaseLostError if the database is not available within `connectTimeoutMs`; any other error of
   * `work` without a second attempt
   */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work((this.#session ??= await this.#open()));
        this.#isLost = false;
        return result;
      } catch (error) {
        await this.#prepareRetry(error, startedAt);
        if (attempt === 1) this.#options.warn(`Connection lost, trying again: ${messageOf(error)}`);
        await this.#options.stop.sleep(backOff(attempt, { baseMs: 50, maxMs: 2_000 }));
      }
    }
  }

  /** For optional queries at the end of a run. @returns null if the connection is closed or `work` fails */
  async ask<T>(work: (session: Session) => Promise<T>): Promise<T | null> {
    if (this.#session === null) return null;
    return this.use(work).catch(() => null);
  }

  /** @throws the error if it is not transient; DatabaseLostError if the time for attempts is over */
  async #prepareRetry(error: unknown, startedAt: number): Promise<void> {
    const { connectTimeoutMs, stop } = this.#options;
    const failure = classifyFailure(error);
    if (failure !== 'connection' && failure !== 'busy' && failure !== 'conflict') throw error;
    if (isConnectionError(error) || this.#session === null) await this.drop();
    const waitedMs = performance.now() - startedAt;
    if (!this.#isLost && waitedMs <= connectTimeoutMs && stop.reason === null) return;
    this.#isLost = true;
    throw new DatabaseLostError(waitedMs, error);
  }

  #open(): Promise<Session> {
    const { dataSource, statementTimeout, stop } = this.#options;
    return Session.open(dataSource, { statementTimeout, signal: stop.signal });
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
