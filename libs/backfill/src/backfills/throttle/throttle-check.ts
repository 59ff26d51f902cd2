/**
 * What a throttle check of the application is called with.
 *
 * @publicApi
 */
export interface ThrottleContext {
  /** Name of the backfill that runs. */
  readonly backfill: string;
  readonly version: number;
  /** Its table, quoted and qualified. */
  readonly table: string;
  /** Aborted when the run is asked to stop, and when the answer is overdue. */
  readonly signal: AbortSignal;
}

/**
 * A throttle of the application, e.g. the length of a queue. Decorate the class with `@BackfillThrottle` and
 * provide it in any module.
 *
 * It is called at every poll (`throttles.interval`), between batches and with no transaction open. Until it
 * answers, its last answer stays valid. If it throws or does not answer for longer than
 * `throttles.unreadableAfter`, the run waits as if the check had returned a reason; the overdue call is
 * abandoned and the check is called again.
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
  /** Names of the backfills that it holds. @default all backfills */
  readonly backfills?: readonly string[];
}

/** A check that was found among the application's providers. */
export interface DeclaredCheck extends BackfillThrottleOptions {
  readonly check: ThrottleCheck;
}
