/**
 * The argument of `ThrottleCheck.check`.
 *
 * @publicApi
 */
export interface ThrottleContext {
  /** Name of the backfill that runs. */
  readonly backfill: string;
  readonly version: number;
  /** The backfill's table, quoted and qualified. */
  readonly table: string;
  /** Aborted when the run is asked to stop, and when the call is overdue (`throttles.unreadableAfter`). */
  readonly signal: AbortSignal;
}

/**
 * A throttle of the application, e.g. the length of a queue. Decorate the class with `@BackfillThrottle` and
 * provide it in any module.
 *
 * The run calls it at every poll (`throttles.interval`), between batches and with no transaction open. Until
 * a call returns, the result of the last call stays valid. If calls throw or do not return for longer than
 * `throttles.unreadableAfter`, the run waits as if the check had returned a reason; it abandons the overdue
 * call and calls the check again.
 *
 * @publicApi
 */
export interface ThrottleCheck {
  /**
   * @returns why backfills have to wait, as a phrase, e.g. `12,000 mails are queued`; null to let them
   * continue
   */
  check(context: ThrottleContext): Promise<string | null>;
}

/**
 * Options of `@BackfillThrottle`.
 *
 * @publicApi
 */
export interface BackfillThrottleOptions {
  /** Its name in logs and in the status, e.g. `mail queue`. Unique. */
  readonly name: string;
  /** Names of the backfills to which it applies. @default all backfills */
  readonly backfills?: readonly string[];
}

/** A check that the explorer found among the application's providers. */
export interface DeclaredCheck extends BackfillThrottleOptions {
  readonly instance: ThrottleCheck;
}
