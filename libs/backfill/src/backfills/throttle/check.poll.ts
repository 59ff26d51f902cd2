import { messageOf } from '../../postgres/error-classes.js';
import { ThrottleReading, type MonotonicClock } from './throttle.reading.js';
import type { DeclaredCheck, ThrottleContext } from './throttle-check.js';

/** Asks one of the application's own throttles, in the background, and never twice at once unless it was given up. */
export class CheckPoll {
  readonly reading: ThrottleReading;
  readonly #check: DeclaredCheck;
  readonly #context: Omit<ThrottleContext, 'signal'>;
  readonly #stop: AbortSignal;
  readonly #overdueAfter: number;
  #asking: Promise<void> | null = null;

  constructor(
    check: DeclaredCheck,
    context: Omit<ThrottleContext, 'signal'>,
    stop: AbortSignal,
    overdueAfter: number,
    now: MonotonicClock,
  ) {
    this.#check = check;
    this.#context = context;
    this.#stop = stop;
    this.#overdueAfter = overdueAfter;
    this.reading = new ThrottleReading(check.name, overdueAfter, now);
  }

  /** @returns when it has answered, failed or been given up; the question before, while that one is still open */
  poll(): Promise<void> {
    this.reading.pollStarted();
    return (this.#asking ??= this.#ask().finally(() => (this.#asking = null)));
  }

  async #ask(): Promise<void> {
    const overdue = new AbortController();
    const timer = setTimeout(() => overdue.abort(), this.#overdueAfter);
    timer.unref();
    try {
      const signal = AbortSignal.any([this.#stop, overdue.signal]);
      const answer = this.#check.check.check({ ...this.#context, signal });
      // Whoever does not heed the signal either is asked anew: what has hung once may be well now.
      const reason: unknown = await Promise.race([answer, aborted(overdue.signal)]);
      if (reason === GIVEN_UP) return;
      if (reason === null || typeof reason === 'string') this.reading.pollSucceeded(reason || null);
      else this.reading.pollFailed(`check() returned ${typeof reason} instead of a reason or null`);
    } catch (error) {
      this.reading.pollFailed(messageOf(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

const GIVEN_UP = Symbol('given up');

function aborted(signal: AbortSignal): Promise<typeof GIVEN_UP> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(GIVEN_UP), { once: true }));
}
