import type { DataSource } from 'typeorm';
import { isConnectionError, messageOf } from '../../../postgres/error-classes.js';
import { Session } from '../../../postgres/session.js';
import { backOff } from '../../../text/back-off.js';
import { classifyFailure } from '../outcome/failure.js';
import type { StopSignal } from '../stop/stop-signal.js';

/** The database stayed away for longer than a run waits. */
export class DatabaseLostError extends Error {
  constructor(ms: number, cause: unknown) {
    const long = ms < 1_000 ? '' : ` for ${Math.round(ms / 1000)} s`;
    super(`The database could not be reached${long}: ${messageOf(cause)}`, { cause });
    this.name = 'DatabaseLostError';
  }
}

/** The one connection that a worker uses, made again when it is lost. */
export class RunConnection {
  readonly #dataSource: DataSource;
  readonly #statementTimeout: number;
  readonly #stop: StopSignal;
  readonly #patienceMs: number;
  readonly #note: (message: string) => void;
  #session: Session | null = null;
  /** It was waited for in vain: what is left to say gets one try. */
  #lost = false;

  /** @param statementTimeout of the batches, in milliseconds */
  constructor(
    dataSource: DataSource,
    statementTimeout: number,
    stop: StopSignal,
    patienceMs: number,
    note: (message: string) => void,
  ) {
    this.#statementTimeout = statementTimeout;
    this.#dataSource = dataSource;
    this.#stop = stop;
    this.#patienceMs = patienceMs;
    this.#note = note;
  }

  get session(): Session | null {
    return this.#session;
  }

  /**
   * Runs work on the connection; when it is lost, on a new one, from the work's start. For work that may be done twice.
   * @throws DatabaseLostError after the patience, the work's own errors at once
   */
  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const since = performance.now();
    for (let attempt = 1; ; attempt++) {
      try {
        const result = await work((this.#session ??= await this.#open()));
        this.#lost = false;
        return result;
      } catch (error) {
        const failure = classifyFailure(error);
        if (failure !== 'connection' && failure !== 'busy' && failure !== 'conflict') throw error;
        if (isConnectionError(error) || this.#session === null) await this.drop();
        const waited = performance.now() - since;
        if (this.#lost || waited > this.#patienceMs || this.#stop.reason !== null) {
          this.#lost = true;
          throw new DatabaseLostError(waited, error);
        }
        if (attempt === 1)
          this.#note(
            `Connection lost, trying again: ${error instanceof Error ? error.message : String(error)}`,
          );
        await this.#stop.sleep(backOff(attempt, { base: 50, cap: 2_000 }));
      }
    }
  }

  #open(): Promise<Session> {
    return Session.open(this.#dataSource, {
      statementTimeout: this.#statementTimeout,
      signal: this.#stop.signal,
    });
  }

  /** Breaks the connection off while it is in use. */
  async abandon(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.abandon();
  }

  /** Gives the connection up, e.g. because it is broken. */
  async drop(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }
}
