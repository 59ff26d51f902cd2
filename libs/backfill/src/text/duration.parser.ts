import { MAX_TIMER_MS } from './timers.js';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

export interface DurationOptions {
  /** The unit of a number without a unit. @default none: a number without a unit is refused */
  readonly defaultUnit?: keyof typeof UNITS;
}

/**
 * @param text a number and its unit: `500ms`, `90s`, `10m`, `1.5h`
 * @returns milliseconds, with a fraction if the text has one; undefined if the text is not a duration or
 * exceeds `MAX_TIMER_MS`
 */
export function parseDuration(text: string, { defaultUnit }: DurationOptions = {}): number | undefined {
  const [, number, unit = defaultUnit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (number === undefined || unit === undefined) return undefined;
  // `1.1s` is 1100.0000000000002 as a product of two floating-point numbers.
  const milliseconds = Number((Number(number) * UNITS[unit as keyof typeof UNITS]).toFixed(6));
  return milliseconds <= MAX_TIMER_MS ? milliseconds : undefined;
}
