import { describeBounds, isWithin, type NumberBounds } from '../options/number-bounds.js';
import { MAX_TIMER_MS } from '../text/timers.js';
import { InvalidCatchUpNumberError } from './catch-up.error.js';

const MILLISECONDS = {
  interval: { min: 1_000, max: MAX_TIMER_MS, unit: 'milliseconds' },
  jitter: { min: 0, max: MAX_TIMER_MS, unit: 'milliseconds' },
  maxDuration: { min: 1_000, max: MAX_TIMER_MS, unit: 'milliseconds' },
  shutdownTimeout: { min: 0, max: 3_600_000, unit: 'milliseconds' },
} as const satisfies Record<string, NumberBounds>;

/** @throws InvalidCatchUpNumberError */
export function checkMilliseconds(
  className: string,
  option: keyof typeof MILLISECONDS,
  value: unknown,
): asserts value is number {
  const bounds = MILLISECONDS[option];
  if (isWithin(value, bounds)) return;
  throw new InvalidCatchUpNumberError(className, option, value, `Give ${describeBounds(bounds)}.`);
}
