/** The hours of the day in which catch-up may work. @publicApi */
export interface CatchUpWindow {
  /**
   * The first minute in which work may run: `HH:MM`, from 00:00 to 23:59, in the local time of `timeZone`.
   */
  readonly from: string;
  /**
   * The first minute in which work may no longer run: `HH:MM`, up to 24:00. Earlier than `from`: on the next
   * day.
   */
  readonly to: string;
  /** An IANA time zone, e.g. `Europe/Berlin`. The window follows its summer time. @default 'UTC' */
  readonly timeZone?: string;
}

/**
 * When an application that serves users changes the rows that are left, or that became pending again. Give
 * either `cron` or `interval`. A backfill's own options replace the module's one by one; its own `cron` or
 * `interval` replaces both of the module's.
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
  /** The time zone of `cron`. @default the window's, else 'UTC' */
  readonly timeZone?: string;
  /**
   * Work runs only within these hours. A run stops at their end, and a later round continues it.
   * @default at any time
   */
  readonly window?: CatchUpWindow;
  /**
   * The greatest delay of a round, in milliseconds. Each round has a random delay, so that many instances do
   * not start at the same moment. Less than the time between two rounds.
   * @default 0
   */
  readonly jitter?: number;
  /**
   * Milliseconds after which a round stops with work left; the next round continues it. At least 1000.
   * @default 300_000 (5 minutes)
   */
  readonly maxDuration?: number;
}
