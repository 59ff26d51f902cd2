/** Milliseconds of a clock that nobody sets. */
export type MonotonicClock = () => number;

/** What is known of one throttle, and since when nothing new can be had. */
export class ThrottleReading {
  readonly name: string;
  readonly #unreadableAfter: number;
  readonly #now: MonotonicClock;
  #reason: string | null = null;
  #unansweredSince: number | null = null;
  #trouble = 'it gives no answer';

  /** @param unreadableAfter milliseconds for which its last answer holds while it gives none */
  constructor(name: string, unreadableAfter: number, now: MonotonicClock) {
    this.name = name;
    this.#unreadableAfter = unreadableAfter;
    this.#now = now;
  }

  /** Of several questions without an answer the first one counts. */
  pollStarted(): void {
    this.#unansweredSince ??= this.#now();
  }

  pollSucceeded(reason: string | null): void {
    this.#reason = reason;
    this.#unansweredSince = null;
    this.#trouble = 'it gives no answer';
  }

  pollFailed(why: string): void {
    this.#trouble = why;
  }

  /** Why to wait, in words; null to go on. */
  get waitReason(): string | null {
    const unanswered = this.#unansweredSince === null ? 0 : this.#now() - this.#unansweredSince;
    if (this.#unansweredSince !== null && unanswered >= this.#unreadableAfter) {
      return `it could not be read for ${Math.round(unanswered / 1000)} s: ${this.#trouble}`;
    }
    return this.#reason;
  }
}
