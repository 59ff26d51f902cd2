import type { CatchUpOptions } from '../backfills/declare/catch-up.options.js';
import {
  InvalidCatchUpNumberError,
  InvalidCronExpressionError,
  JitterTooLongError,
  NeverDueError,
  UnclearScheduleError,
} from './catch-up.error.js';
import { MAX_TIMER_MS } from '../text/timers.js';
import type { CatchUpModuleOptions } from './catch-up.options.js';
import type { Scheduler } from './scheduler.loader.js';
import { TimeWindow } from './time-window.js';
import { checkTimeZone } from './time-zone.js';

/** When the rounds of one job are due, and how far they go. */
export interface CatchUpSettings {
  readonly trigger:
    | { readonly kind: 'cron'; readonly cron: string; readonly timeZone: string }
    | { readonly kind: 'interval'; readonly ms: number };
  /** Null: at any time. */
  readonly window: TimeWindow | null;
  readonly jitterMs: number;
  readonly maxDurationMs: number;
}

export const CATCH_UP_DEFAULTS = {
  jitter: 0,
  maxDuration: 300_000,
  shutdownTimeout: 10_000,
} as const satisfies CatchUpModuleOptions;

/** The smallest and the largest value, in milliseconds. */
const BOUNDS = {
  interval: [1_000, MAX_TIMER_MS],
  jitter: [0, MAX_TIMER_MS],
  maxDuration: [1_000, MAX_TIMER_MS],
  shutdownTimeout: [0, 3_600_000],
} as const;

/** So many of the next rounds are looked at for the shortest time between two of them. */
const ROUNDS_AHEAD = [24, 6, 2] as const;

/** On so many days it is looked for a round that falls into the window: also what summer time alone makes fall into it is found. */
const DAYS_AHEAD = 366;

/** A backfill's own options over those of the module. Its own `cron` stands for the module's `interval` too, and the other way round. */
export function mergeOptions(module: CatchUpOptions, own: CatchUpOptions): CatchUpOptions {
  const ownTrigger = own.cron !== undefined || own.interval !== undefined;
  const { cron, interval, ...rest } = module;
  return {
    ...(ownTrigger || cron === undefined ? {} : { cron }),
    ...(ownTrigger || interval === undefined ? {} : { interval }),
    ...rest,
    ...own,
  };
}

/**
 * @param className whose options they are
 * @throws the errors of catch-up.error.ts, each naming class, option and remedy
 */
export function decideSettings(
  className: string,
  options: CatchUpOptions,
  { cron: { CronTime } }: Scheduler,
): CatchUpSettings {
  const {
    cron,
    interval,
    jitter = CATCH_UP_DEFAULTS.jitter,
    maxDuration = CATCH_UP_DEFAULTS.maxDuration,
  } = options;
  if (cron !== undefined && interval !== undefined) throw new UnclearScheduleError(className, 'both');
  if (cron === undefined && interval === undefined) throw new UnclearScheduleError(className, 'neither');
  if (interval !== undefined) checkNumber(className, 'interval', interval);
  checkNumber(className, 'jitter', jitter);
  checkNumber(className, 'maxDuration', maxDuration);
  const window = options.window === undefined ? null : new TimeWindow(className, options.window);
  const timeZone = options.timeZone ?? options.window?.timeZone ?? 'UTC';
  checkTimeZone(className, 'timeZone', timeZone);
  const times = interval === undefined ? readCron(className, cron, timeZone, CronTime) : null;
  const between = interval ?? (times === null ? Infinity : shortestGap(times));
  if (jitter > 0 && jitter >= between) throw new JitterTooLongError(className, jitter, between);
  if (times !== null && window !== null && !isEverOpen(window, times, timeZone, jitter))
    throw new NeverDueError(className, cron ?? '', timeZone, String(window));
  return {
    trigger:
      interval === undefined
        ? { kind: 'cron', cron: cron ?? '', timeZone }
        : { kind: 'interval', ms: interval },
    window,
    jitterMs: jitter,
    maxDurationMs: maxDuration,
  };
}

/** @throws InvalidCatchUpNumberError */
export function checkNumber(className: string, option: keyof typeof BOUNDS, value: unknown): void {
  const [least, most] = BOUNDS[option];
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return;
  throw new InvalidCatchUpNumberError(
    className,
    option,
    value,
    `Give a whole number of milliseconds from ${least} to ${most}.`,
  );
}

type CronTimes = InstanceType<Scheduler['cron']['CronTime']>;

/** @throws InvalidCronExpressionError, NeverDueError */
function readCron(
  className: string,
  cron: unknown,
  timeZone: string,
  CronTime: Scheduler['cron']['CronTime'],
): CronTimes {
  // Anything else would be taken for a date by the package.
  if (typeof cron !== 'string') throw new InvalidCronExpressionError(className, cron);
  let times: CronTimes;
  try {
    times = new CronTime(cron, timeZone);
  } catch (error) {
    throw new InvalidCronExpressionError(className, cron, error);
  }
  try {
    times.sendAt(1);
  } catch (error) {
    // The package looks eight years ahead.
    throw new NeverDueError(className, cron, timeZone, null, error);
  }
  return times;
}

/** Milliseconds between two rounds that lie closest to each other, among the next ones. */
function shortestGap(times: CronTimes): number {
  for (const ahead of ROUNDS_AHEAD) {
    try {
      const due = times.sendAt(ahead).map((date) => date.toMillis());
      return Math.min(...due.slice(1).map((at, before) => at - (due[before] ?? at)));
    } catch {
      // The package looks some years ahead, and found no more rounds in them: ask for fewer.
    }
  }
  return Infinity;
}

/** Whether a round, or its jitter, comes while the window is open: of so many days the first round from its opening on is looked at. */
function isEverOpen(window: TimeWindow, times: CronTimes, timeZone: string, jitterMs: number): boolean {
  let from = new Date();
  try {
    for (let days = 0; days < DAYS_AHEAD; days++) {
      const due = new Date(times.getNextDateFrom(from, timeZone).toMillis());
      const opening = window.opening(due);
      if (opening.getTime() <= due.getTime() + jitterMs) return true;
      // The first time after this moment may be the opening itself.
      from = new Date(opening.getTime() - 1_000);
    }
  } catch {
    // No more rounds come in the years that the package looks ahead.
  }
  return false;
}
