import { messageOf } from '../../postgres/error-classes.js';
import type { DeclaredCheck, ThrottleContext } from './throttle-check.js';
import type { ThrottleReading } from './throttle.reading.js';

export interface CheckPollOptions {
  readonly declared: DeclaredCheck;
  readonly context: Omit<ThrottleContext, 'signal'>;
  readonly reading: ThrottleReading;
  /** Aborted when the run is asked to stop. */
  readonly stop: AbortSignal;
  /** Milliseconds after which a call of `check()` is abandoned. */
  readonly timeoutMs: number;
}

/** Calls a throttle check of the application. One call runs at a time, unless the last one was abandoned. */
export class CheckPoll {
  readonly #options: CheckPollOptions;
  #inFlight: Promise<void> | null = null;

  constructor(options: CheckPollOptions) {
    this.#options = options;
  }

  get reading(): ThrottleReading {
    return this.#options.reading;
  }

  /**
   * Starts a call, or joins the one in flight.
   * @returns when the call has returned, failed or been abandoned; never rejects
   */
  poll(): Promise<void> {
    this.reading.pollStarted();
    return (this.#inFlight ??= this.#call().finally(() => (this.#inFlight = null)));
  }

  async #call(): Promise<void> {
    const { declared, context, stop, timeoutMs } = this.#options;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), timeoutMs);
    timer.unref();
    try {
      const signal = AbortSignal.any([stop, timeout.signal]);
      const answer = declared.instance.check({ ...context, signal });
      // A check that ignores the signal is abandoned and called again: the next call may succeed.
      const reason: unknown = await Promise.race([answer, aborted(timeout.signal)]);
      if (reason === ABANDONED) return;
      if (reason === null || typeof reason === 'string') this.reading.pollSucceeded(reason || null);
      else this.reading.pollFailed(`check() returned ${typeof reason} instead of a string or null`);
    } catch (error) {
      this.reading.pollFailed(messageOf(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

const ABANDONED = Symbol('abandoned');

function aborted(signal: AbortSignal): Promise<typeof ABANDONED> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(ABANDONED), { once: true }));
}
