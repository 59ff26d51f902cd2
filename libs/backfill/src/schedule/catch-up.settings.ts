import type { CatchUpOptions } from '../backfills/declare/catch-up.options.js';
import { checkMilliseconds } from './catch-up.bounds.js';
import { JitterTooLongError, NeverDueError, UnclearScheduleError } from './catch-up.error.js';
import { CATCH_UP_DEFAULTS } from './catch-up.options.js';
import type { Scheduler } from './scheduler.loader.js';
import { parseCron } from './timing/cron.times.js';
import { TimeWindow } from './timing/time-window.js';
import { checkTimeZone } from './timing/time-zone.js';

/** The schedule of a job: a cron expression or an interval. */
export type CatchUpTrigger =
  | { readonly kind: 'cron'; readonly cron: string; readonly timeZone: string }
  | { readonly kind: 'interval'; readonly ms: number };

/** The resolved options of one job. */
export interface CatchUpSettings {
  readonly trigger: CatchUpTrigger;
  /** Null: at any time. */
  readonly window: TimeWindow | null;
  readonly jitterMs: number;
  readonly maxDurationMs: number;
}

/**
 * Overrides the module's options with a backfill's options. A backfill's `cron` or `interval` overrides both
 * of the module's.
 */
export function mergeOptions(module: CatchUpOptions, own: CatchUpOptions): CatchUpOptions {
  const hasOwnTrigger = own.cron !== undefined || own.interval !== undefined;
  const { cron, interval, ...rest } = module;
  return {
    ...(hasOwnTrigger || cron === undefined ? {} : { cron }),
    ...(hasOwnTrigger || interval === undefined ? {} : { interval }),
    ...rest,
    ...own,
  };
}

/**
 * @param className the class that error messages name
 * @throws the errors in catch-up.error.ts
 */
export function resolveSettings(
  className: string,
  options: CatchUpOptions,
  scheduler: Pick<Scheduler, 'cron'>,
): CatchUpSettings {
  const { jitter = CATCH_UP_DEFAULTS.jitter, maxDuration = CATCH_UP_DEFAULTS.maxDuration } = options;
  checkTrigger(className, options);
  checkMilliseconds(className, 'jitter', jitter);
  checkMilliseconds(className, 'maxDuration', maxDuration);
  const window = options.window === undefined ? null : new TimeWindow(className, options.window);
  const timeZone = options.timeZone ?? options.window?.timeZone ?? 'UTC';
  checkTimeZone(className, 'timeZone', timeZone);
  const trigger = resolveTrigger(options, timeZone);
  checkTimes(className, { trigger, window, jitterMs: jitter }, scheduler);
  return { trigger, window, jitterMs: jitter, maxDurationMs: maxDuration };
}

function checkTrigger(className: string, { cron, interval }: CatchUpOptions): void {
  if (cron !== undefined && interval !== undefined) throw new UnclearScheduleError(className, 'both');
  if (cron === undefined && interval === undefined) throw new UnclearScheduleError(className, 'neither');
  if (interval !== undefined) checkMilliseconds(className, 'interval', interval);
}

function resolveTrigger({ cron, interval }: CatchUpOptions, timeZone: string): CatchUpTrigger {
  return interval === undefined
    ? { kind: 'cron', cron: cron ?? '', timeZone }
    : { kind: 'interval', ms: interval };
}

/**
 * Refuses jitter that could delay a round beyond the next one, and a cron expression that is never due within
 * the window.
 */
function checkTimes(
  className: string,
  { trigger, window, jitterMs }: Omit<CatchUpSettings, 'maxDurationMs'>,
  { cron }: Pick<Scheduler, 'cron'>,
): void {
  const times =
    trigger.kind === 'cron' ? parseCron(className, trigger.cron, { timeZone: trigger.timeZone, cron }) : null;
  const gapMs = trigger.kind === 'interval' ? trigger.ms : (times?.shortestGapMs() ?? Infinity);
  if (jitterMs > 0 && jitterMs >= gapMs) throw new JitterTooLongError(className, jitterMs, gapMs);
  if (trigger.kind === 'interval' || window === null || times === null) return;
  if (!times.isEverWithin(window, jitterMs))
    throw new NeverDueError(className, { ...trigger, window: String(window) });
}
