import { DataSource } from 'typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { backOff, type BackOffOptions } from '../../text/back-off.js';
import { isDatabaseUnreachable } from './database-reachability.js';

/** The pauses between attempts to connect. */
export const CONNECTION_BACK_OFF = {
  baseMs: 250,
  maxMs: 5_000,
  jitter: 'equal',
} as const satisfies BackOffOptions;

type Initialize = DataSource['initialize'];

export interface ConnectionRetryOptions {
  /** How long a data source may try to connect. */
  readonly timeoutMs: number;
  /** Called after each failed attempt. */
  readonly onFailure: (error: unknown) => void;
  /** Called for an error that a retry cannot fix. The data source does not try again. */
  readonly onRefusal: (error: unknown) => void;
  /** Called after `timeoutMs`. The data source does not try again. */
  readonly onTimeout: () => void;
}

/**
 * Makes PostgreSQL data sources retry their connection until `restore()`.
 *
 * Nest has no option for this. To create the application context again does not help: a context whose
 * creation failed cannot be closed, so everything that its providers have opened would leak. The retries
 * of `@nestjs/typeorm` (ten, 3 s apart) have no time limit, and they also retry a wrong password. Therefore
 * this class replaces `DataSource.initialize`. After a refusal or a time-out the replaced method never
 * settles: the callbacks report the failure, and the caller ends the process.
 */
export class ConnectionRetry {
  readonly #original: Initialize = Reflect.get(DataSource.prototype, 'initialize');
  readonly #options: ConnectionRetryOptions;
  #isRestored = false;
  #connecting = 0;

  constructor(options: ConnectionRetryOptions) {
    this.#options = options;
    const original = this.#original;
    const initializeWithRetry = (dataSource: DataSource): Promise<DataSource> =>
      this.#initialize(dataSource, () => original.call(dataSource));
    DataSource.prototype.initialize = function (this: DataSource): Promise<DataSource> {
      return this.options.type === 'postgres' ? initializeWithRetry(this) : original.call(this);
    };
  }

  /** Whether no data source is connecting now. */
  get areReady(): boolean {
    return this.#connecting === 0;
  }

  /** Restores `DataSource.initialize`. Data sources that are still waiting do not try again. */
  restore(): void {
    this.#isRestored = true;
    DataSource.prototype.initialize = this.#original;
  }

  async #initialize(dataSource: DataSource, attempt: () => Promise<DataSource>): Promise<DataSource> {
    const { timeoutMs, onTimeout } = this.#options;
    // Only the connection has a time limit. Migrations at start-up, for example, may take longer.
    const timer = setTimeout(() => !dataSource.isInitialized && onTimeout(), timeoutMs);
    let connected: DataSource | undefined;
    this.#connecting++;
    try {
      connected = await this.#retry(attempt);
    } finally {
      clearTimeout(timer);
      this.#connecting--;
    }
    return connected ?? new Promise<never>(() => undefined);
  }

  /** @returns undefined when the data source must not try again */
  async #retry(attempt: () => Promise<DataSource>): Promise<DataSource | undefined> {
    for (let tries = 1; !this.#isRestored; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (!isDatabaseUnreachable(error)) {
          this.#options.onRefusal(error);
          return undefined;
        }
        this.#options.onFailure(error);
        // Meanwhile the timer of the time limit keeps the process alive.
        await delay(backOff(tries, CONNECTION_BACK_OFF), undefined, { ref: false });
      }
    }
    return undefined;
  }
}
