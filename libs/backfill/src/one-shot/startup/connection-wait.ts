import { reachabilityMessage } from './database-reachability.js';
import { DatabaseUnreachableError } from './start-up.error.js';

export interface ConnectionWaitOptions {
  readonly timeoutMs: number;
  /** Called for the first failed attempt, and again when the error is a different one. */
  readonly onWaiting: (message: string) => void;
}

/** Keeps the time since the first failed connection attempt, and the last error. */
export class ConnectionWait {
  readonly #timeoutMs: number;
  readonly #onWaiting: (message: string) => void;
  #firstFailureMs: number | undefined;
  #lastError: unknown;
  #lastMessage: string | undefined;

  constructor({ timeoutMs, onWaiting }: ConnectionWaitOptions) {
    this.#timeoutMs = timeoutMs;
    this.#onWaiting = onWaiting;
  }

  attemptFailed(error: unknown): void {
    this.#firstFailureMs ??= performance.now();
    const message = reachabilityMessage(error);
    if (message !== this.#lastMessage) this.#onWaiting(message);
    [this.#lastError, this.#lastMessage] = [error, message];
  }

  get isOver(): boolean {
    return this.#firstFailureMs !== undefined && performance.now() - this.#firstFailureMs >= this.#timeoutMs;
  }

  timeoutError(): DatabaseUnreachableError {
    return new DatabaseUnreachableError(this.#timeoutMs, this.#lastMessage, this.#lastError);
  }
}
