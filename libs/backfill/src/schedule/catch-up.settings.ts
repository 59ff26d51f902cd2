import type { CatchUpOptions } from '../backfills/declare/catch-up.options.js';
import {
  InvalidCatchUpNumberError,
  InvalidCronExpressionError,
  JitterTooLongError,
  UnclearScheduleError,
} from './catch-up.error.js';
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

/** The least and the most, in milliseconds; the most is what a timer of Node.js takes. */
const BOUNDS = {
  interval: [1_000, 2 ** 31 - 1],
  jitter: [0, 2 ** 31 - 1],
  maxDuration: [1_000, 2 ** 31 - 1],
  shutdownTimeout: [0, 3_600_000],
} as const;

/** So many of the next rounds are looked at for the shortest time between two of them. */
const ROUNDS_AHEAD = [24, 6, 2] as const;

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
  const between = interval ?? shortestGap(className, cron, timeZone, CronTime);
  if (jitter > 0 && jitter >= between) throw new JitterTooLongError(className, jitter, between);
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

/** Milliseconds between two rounds that lie closest to each other, among the next ones. */
function shortestGap(
  className: string,
  cron: unknown,
  timeZone: string,
  CronTime: Scheduler['cron']['CronTime'],
): number {
  // Anything else would be taken for a date by the package.
  if (typeof cron !== 'string') throw new InvalidCronExpressionError(className, cron);
  let time: InstanceType<typeof CronTime>;
  try {
    time = new CronTime(cron, timeZone);
    time.sendAt(1);
  } catch (error) {
    throw new InvalidCronExpressionError(className, cron, error);
  }
  for (const ahead of ROUNDS_AHEAD) {
    try {
      const due = time.sendAt(ahead).map((date) => date.toMillis());
      return Math.min(...due.slice(1).map((at, before) => at - (due[before] ?? at)));
    } catch {
      // The package looks some years ahead, and found no more rounds in them: ask for fewer.
    }
  }
  return Infinity;
}
