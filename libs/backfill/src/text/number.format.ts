/** For texts that are recorded, logged or read by programs. */
export const DEFAULT_LOCALE = 'en-US';

const formats = new Map<string, Intl.NumberFormat>();

/** `12345.6` with one decimal in `de-DE` → `12.345,6`; decimals that are zero are left out. */
export function formatNumber(value: number, decimals: number, locale: string): string {
  const key = `${locale} ${decimals}`;
  let format = formats.get(key);
  if (!format)
    formats.set(key, (format = new Intl.NumberFormat(locale, { maximumFractionDigits: decimals })));
  return format.format(value);
}
