import { DataSource } from 'typeorm';
import { setTimeout as delay } from 'node:timers/promises';
import { backOff } from '../../text/back-off.js';
import { isDatabaseUnreachable } from './database-reachability.js';
import { RETRY_BACK_OFF } from './patience.js';

type Initialize = DataSource['initialize'];

export interface PatienceOptions {
  /** Milliseconds for which a data source may try to connect. */
  readonly timeoutMs: number;
  /** Told of each failed try. */
  readonly failed: (error: unknown) => void;
  /** Told of an error that waiting does not mend; the data source is not tried again. */
  readonly refused: (error: unknown) => void;
  /** Told when the time is over; the data source is not tried again. */
  readonly late: () => void;
}

/**
 * Makes each PostgreSQL data source that is opened meanwhile wait for its server.
 *
 * Nest offers no way to do this from outside: an application context that could not be created cannot be closed, so
 * creating it anew would repeat the constructors of all providers and leak what they opened. And the retries of
 * `@nestjs/typeorm` (ten, 3 s apart) know neither a time limit nor that a wrong password stays wrong. So, until
 * `restore()`, `DataSource.initialize` itself tries again, and never settles once there is nothing to hope for: who
 * started the application has been told, and ends the process.
 */
export class PatientConnections {
  readonly #original: Initialize = Reflect.get(DataSource.prototype, 'initialize');
  #over = false;

  constructor(options: PatienceOptions) {
    const original = this.#original;
    const patiently = (dataSource: DataSource): Promise<DataSource> =>
      this.#patiently(dataSource, () => original.call(dataSource), options);
    DataSource.prototype.initialize = function (this: DataSource): Promise<DataSource> {
      return this.options.type === 'postgres' ? patiently(this) : original.call(this);
    };
  }

  /** No data source opened from now on waits, and those that wait do not try again. */
  restore(): void {
    this.#over = true;
    DataSource.prototype.initialize = this.#original;
  }

  async #patiently(
    dataSource: DataSource,
    attempt: () => Promise<DataSource>,
    { timeoutMs, failed, refused, late }: PatienceOptions,
  ): Promise<DataSource> {
    // What follows the connection, such as migrations, may take its time.
    const timer = setTimeout(() => !dataSource.isInitialized && late(), timeoutMs);
    try {
      for (let tries = 1; !this.#over; tries++) {
        try {
          return await attempt();
        } catch (error) {
          if (!isDatabaseUnreachable(error)) {
            refused(error);
            break;
          }
          failed(error);
          // The timer keeps the process alive, not this.
          await delay(backOff(tries, RETRY_BACK_OFF), undefined, { ref: false });
        }
      }
    } finally {
      clearTimeout(timer);
    }
    return new Promise<never>(() => undefined);
  }
}
