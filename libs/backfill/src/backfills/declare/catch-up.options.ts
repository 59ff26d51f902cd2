/** The hours of a day in which catch-up may work. */
export interface CatchUpWindow {
  /** `HH:MM` on the clock of `timeZone`, from 00:00 to 23:59: the first minute in which work may run. */
  readonly from: string;
  /** `HH:MM`, up to 24:00: the first minute in which it may not any more. Earlier than `from`: on the next day. */
  readonly to: string;
  /** An IANA time zone, e.g. `Europe/Berlin`; where clocks are changed, the window follows the clock on the wall. @default 'UTC' */
  readonly timeZone?: string;
}

/**
 * When an application that serves its users looks for rows that are left, or that became pending again, and does them. Give either `cron` or
 * `interval`. A backfill's own options take the place of the module's one by one, and its own `cron` or `interval` that of either.
 *
 * @publicApi
 */
export interface CatchUpOptions {
  /** A cron expression of five or six fields, as `@nestjs/schedule` takes it: `0 * * * *` is each full hour. */
  readonly cron?: string;
  /** Milliseconds between two rounds, from 1000. */
  readonly interval?: number;
  /** The time zone of `cron`. @default the window's, else 'UTC' */
  readonly timeZone?: string;
  /** Work runs within these hours only; a run that is at work at their end stops, and goes on in a later round. @default at any time */
  readonly window?: CatchUpWindow;
  /** Milliseconds, at most, by which a round begins later, a different number each time, so that many instances do not come at once. @default 0 */
  readonly jitter?: number;
  /** Milliseconds after which a round stops with work left, for the next one to go on. @default 300_000 (5 minutes) */
  readonly maxDuration?: number;
}
