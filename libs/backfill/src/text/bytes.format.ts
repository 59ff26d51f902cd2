import { DEFAULT_LOCALE, formatNumber } from './number.format.js';

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** `1.5 GB`, `300 MB`. */
export function formatBytes(bytes: number, locale: string = DEFAULT_LOCALE): string {
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  const decimals = value < 10 && unit > 0 ? 1 : 0;
  return `${formatNumber(value, decimals, locale)} ${UNITS[unit]}`;
}
