/**
 * What a throttle of the application's own is asked about.
 *
 * @publicApi
 */
export interface ThrottleContext {
  /** The backfill that runs. */
  readonly backfill: string;
  readonly version: number;
  /** Its table, quoted and qualified. */
  readonly table: string;
  /** Aborted when the run is asked to stop, and when the answer is overdue. */
  readonly signal: AbortSignal;
}

/**
 * A throttle of the application's own, e.g. by the length of a queue. Decorate the class with `@BackfillThrottle` and provide it in
 * any module.
 *
 * It is asked at every look (`throttles.interval`), between batches: no transaction is open meanwhile. Until it answers, its last
 * answer holds. When it throws, or does not answer, for longer than `throttles.unreadableAfter`, the run waits as if it had
 * given a reason; an answer that is overdue by then is given up, and the check is asked again.
 *
 * @publicApi
 */
export interface ThrottleCheck {
  /** @returns why backfills have to wait, in words, e.g. `12,000 mails are queued`; null to let them go on */
  check(context: ThrottleContext): Promise<string | null>;
}

/**
 * What `@BackfillThrottle` takes.
 *
 * @publicApi
 */
export interface BackfillThrottleOptions {
  /** How it is told in logs and in the status, e.g. `mail queue`. Unique. */
  readonly name: string;
  /** The names of the backfills that it holds. @default all of them */
  readonly backfills?: readonly string[];
}

/** A check as it was found in the application. */
export interface DeclaredCheck extends BackfillThrottleOptions {
  readonly check: ThrottleCheck;
}
