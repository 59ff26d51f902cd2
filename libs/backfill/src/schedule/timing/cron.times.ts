import { InvalidCronExpressionError, NeverDueError } from '../catch-up.error.js';
import type { CronPackage } from '../scheduler.loader.js';
import type { TimeWindow } from './time-window.js';

type PackageTimes = InstanceType<CronPackage['CronTime']>;

/**
 * How many of the next rounds are searched for the shortest gap. The smaller numbers apply if the next years
 * have fewer rounds.
 */
const ROUNDS_AHEAD = [24, 6, 2] as const;

/**
 * The number of days that are searched for a round within the window. It is a year, because a round may be
 * within the window only during daylight saving time.
 */
const DAYS_AHEAD = 366;

/**
 * The search starts this long before the opening, because it returns only times after its start, and the
 * opening itself counts.
 */
const BEFORE_OPENING_MS = 1_000;

/** The time zone of an expression, and the package that parses it. */
export interface CronContext {
  readonly timeZone: string;
  readonly cron: Pick<CronPackage, 'CronTime'>;
}

/** @throws InvalidCronExpressionError, NeverDueError */
export function parseCron(
  className: string,
  expression: unknown,
  { timeZone, cron }: CronContext,
): CronTimes {
  // The package would read anything else as a date.
  if (typeof expression !== 'string') throw new InvalidCronExpressionError(className, expression);
  let times: PackageTimes;
  try {
    times = new cron.CronTime(expression, timeZone);
  } catch (error) {
    throw new InvalidCronExpressionError(className, expression, error);
  }
  try {
    times.sendAt(1);
  } catch (error) {
    // The package searches eight years ahead.
    throw new NeverDueError(className, { cron: expression, timeZone, window: null, cause: error });
  }
  return new CronTimes(times, timeZone);
}

/** The times at which a cron expression is due. */
export class CronTimes {
  readonly #times: PackageTimes;
  readonly #timeZone: string;

  constructor(times: PackageTimes, timeZone: string) {
    this.#times = times;
    this.#timeZone = timeZone;
  }

  /** The shortest time in milliseconds between two of the next rounds; Infinity with fewer than two. */
  shortestGapMs(): number {
    for (const count of ROUNDS_AHEAD) {
      try {
        const due = this.#times.sendAt(count).map((date) => date.toMillis());
        return Math.min(...due.slice(1).map((at, before) => at - (due[before] ?? at)));
      } catch {
        // The package found fewer rounds in the years that it searches, so the next attempt requests fewer.
      }
    }
    return Infinity;
  }

  /**
   * Whether a round, with its jitter, is ever due while the window is open. Checks the first round from each
   * day's opening on.
   */
  isEverWithin(window: TimeWindow, jitterMs: number): boolean {
    let from = new Date();
    try {
      for (let days = 0; days < DAYS_AHEAD; days++) {
        const due = new Date(this.#times.getNextDateFrom(from, this.#timeZone).toMillis());
        const opening = window.nextOpening(due);
        if (opening.getTime() <= due.getTime() + jitterMs) return true;
        from = new Date(opening.getTime() - BEFORE_OPENING_MS);
      }
    } catch {
      // The years that the package searches have no more rounds.
    }
    return false;
  }
}
