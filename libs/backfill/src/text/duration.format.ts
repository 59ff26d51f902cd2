import { DEFAULT_LOCALE, formatNumber } from './number.format.js';

/**
 * The two largest units of a duration in milliseconds: `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 13 min`, `3 d
 * 04 h`.
 */
export function formatDuration(milliseconds: number, locale: string = DEFAULT_LOCALE): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${formatNumber(milliseconds / 1_000, 1, locale)} s`;
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 3_600) return twoUnits(seconds, 60, ['min', 's']);
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return twoUnits(minutes, 60, ['h', 'min']);
  return twoUnits(Math.round(minutes / 60), 24, ['d', 'h']);
}

/** @param size the number of small units in one large unit */
function twoUnits(amount: number, size: number, [large, small]: readonly [string, string]): string {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest ? ` ${String(rest).padStart(2, '0')} ${small}` : ''}`;
}
