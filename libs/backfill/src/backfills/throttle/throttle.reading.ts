/** A clock in milliseconds that never goes backwards. */
export type MonotonicClock = () => number;

const NO_ANSWER = 'it does not answer';

/** The latest value of one throttle, and the time since which its polls have failed. */
export class ThrottleReading {
  readonly name: string;
  readonly #unreadableAfterMs: number;
  readonly #now: MonotonicClock;
  #reason: string | null = null;
  #unansweredSince: number | null = null;
  #problem = NO_ANSWER;

  /** @param unreadableAfterMs how long the last value stays valid while polls fail */
  constructor(name: string, unreadableAfterMs: number, now: MonotonicClock) {
    this.name = name;
    this.#unreadableAfterMs = unreadableAfterMs;
    this.#now = now;
  }

  /** If several polls fail in a row, the time without an answer starts with the first of them. */
  pollStarted(): void {
    this.#unansweredSince ??= this.#now();
  }

  /** @param reason why the run has to wait; null to continue */
  pollSucceeded(reason: string | null): void {
    this.#reason = reason;
    this.#unansweredSince = null;
    this.#problem = NO_ANSWER;
  }

  pollFailed(problem: string): void {
    this.#problem = problem;
  }

  /** Why the run has to wait, as a phrase; null to continue. */
  get waitReason(): string | null {
    if (this.#unansweredSince === null) return this.#reason;
    const unansweredMs = this.#now() - this.#unansweredSince;
    return unansweredMs >= this.#unreadableAfterMs
      ? `it could not be read for ${Math.round(unansweredMs / 1000)} s: ${this.#problem}`
      : this.#reason;
  }
}
