/** The hours of the day in which catch-up may run. @publicApi */
export interface CatchUpWindow {
  /** The start of the window, inclusive: `HH:MM`, from 00:00 to 23:59, in the local time of `timeZone`. */
  readonly from: string;
  /**
   * The end of the window, exclusive: `HH:MM`, from 00:00 to 24:00. If it is earlier than `from`, the window
   * ends on the next day.
   */
  readonly to: string;
  /** An IANA time zone, e.g. `Europe/Berlin`. The window follows its daylight saving time. @default 'UTC' */
  readonly timeZone?: string;
}

/**
 * When a running application changes rows that are still pending or became pending again. Give either `cron`
 * or `interval`. Each option of a backfill overrides the module's option; a backfill's `cron` or `interval`
 * overrides both of the module's.
 *
 * @publicApi
 */
export interface CatchUpOptions {
  /**
   * A cron expression of five or six fields, as `@nestjs/schedule` accepts it: `0 * * * *` is every full
   * hour.
   */
  readonly cron?: string;
  /** Milliseconds between two rounds, at least 1000. */
  readonly interval?: number;
  /** The time zone of `cron`. @default the time zone of `window`, otherwise 'UTC' */
  readonly timeZone?: string;
  /**
   * Rounds run only within these hours. A run stops when the window closes, and a later round continues it.
   * @default at any time
   */
  readonly window?: CatchUpWindow;
  /**
   * The greatest delay of a round, in milliseconds. Each round has a random delay, so that many instances do
   * not start at the same moment. It must be less than the time between two rounds.
   * @default 0
   */
  readonly jitter?: number;
  /**
   * Milliseconds after which a round stops with work left; the next round continues it. At least 1000.
   * @default 300_000 (5 minutes)
   */
  readonly maxDuration?: number;
}
