import { DEFAULT_LOCALE, formatNumber } from './number.format.js';

/** How a number is shown. */
export interface QuantityOptions {
  /** @default false */
  readonly isEstimate?: boolean;
  /** @default 'en-US' */
  readonly locale?: string;
}

/** `12345.6` → `12,346`; an estimate → `~12,346`. */
export function formatCount(
  count: number,
  { isEstimate = false, locale = DEFAULT_LOCALE }: QuantityOptions = {},
): string {
  return `${isEstimate ? '~' : ''}${formatNumber(count, 0, locale)}`;
}

/** `1 row`, `2 rows`, `~2 batches`. */
export function formatQuantity(count: number, noun: string, options: QuantityOptions = {}): string {
  return `${formatCount(count, options)} ${noun}${count === 1 ? '' : /(ch|s)$/.test(noun) ? 'es' : 's'}`;
}

/**
 * Rounds down, so that `100 %` means that everything is done: 0.9996 → `99 %`.
 *
 * @param fraction 0 to 1
 */
export function formatPercentage(fraction: number, { isEstimate = false } = {}): string {
  return `${isEstimate ? '~' : ''}${Math.floor(Math.min(Math.max(fraction, 0), 1) * 100)} %`;
}
