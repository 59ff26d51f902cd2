import { formatBytes as bytesIn } from '../../text/bytes.format.js';
import { formatDuration as durationIn } from '../../text/duration.format.js';
import { DEFAULT_LOCALE } from '../../text/number.format.js';
import {
  formatCount as countIn,
  formatQuantity as quantityIn,
  type QuantityOptions,
} from '../../text/quantity.format.js';

/*
 * Numbers and durations in the locale of the person who reads them. The locale is that of the process's environment,
 * like its time zone. What is recorded, or read by programs, is formatted by text/ instead.
 */
let locale = DEFAULT_LOCALE;

/** The locale of a person at a terminal; the default for any other reader. */
export function readerLocale(env: NodeJS.ProcessEnv, { isTTY }: { readonly isTTY?: boolean }): string {
  if (isTTY !== true) return DEFAULT_LOCALE;
  // As in POSIX: the first one that is not empty counts.
  const posix = env['LC_ALL'] || env['LC_NUMERIC'] || env['LANG'] || '';
  const tag = posix.replace(/[.@].*$/, '').replaceAll('_', '-');
  if (tag === '' || tag === 'C' || tag === 'POSIX') return DEFAULT_LOCALE;
  try {
    return Intl.NumberFormat.supportedLocalesOf(tag)[0] ?? DEFAULT_LOCALE;
  } catch {
    return DEFAULT_LOCALE;
  }
}

export function useReaderLocale(chosen: string): void {
  locale = chosen;
}

export function formatCount(count: number, options: QuantityOptions = {}): string {
  return countIn(count, { locale, ...options });
}

export function formatQuantity(count: number, noun: string, options: QuantityOptions = {}): string {
  return quantityIn(count, noun, { locale, ...options });
}

export function formatDuration(milliseconds: number): string {
  return durationIn(milliseconds, locale);
}

export function formatBytes(bytes: number): string {
  return bytesIn(bytes, locale);
}
