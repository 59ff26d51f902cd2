import type { BackOffOptions } from '../../text/back-off.js';
import { reachabilityMessage } from './database-reachability.js';
import { DatabaseUnreachableError } from './start-up.error.js';

/** Pauses between two attempts to reach the database. */
export const RETRY_BACK_OFF = {
  baseMs: 250,
  maxMs: 5_000,
  jitter: 'equal',
} as const satisfies BackOffOptions;

/** How long the database has not answered, and what was heard last. */
export class Patience {
  readonly #timeoutMs: number;
  readonly #waiting: (lastWords: string) => void;
  #since: number | undefined;
  #lastError: unknown;
  #lastWords: string | undefined;

  constructor(timeoutMs: number, waiting: (lastWords: string) => void) {
    this.#timeoutMs = timeoutMs;
    this.#waiting = waiting;
  }

  failed(error: unknown): void {
    this.#since ??= performance.now();
    const words = reachabilityMessage(error);
    if (words !== this.#lastWords) this.#waiting(words);
    [this.#lastError, this.#lastWords] = [error, words];
  }

  get isExhausted(): boolean {
    return this.#since !== undefined && performance.now() - this.#since >= this.#timeoutMs;
  }

  exhausted(): DatabaseUnreachableError {
    return new DatabaseUnreachableError(this.#timeoutMs, this.#lastWords, this.#lastError);
  }
}
