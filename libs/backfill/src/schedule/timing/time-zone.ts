import { UnknownTimeZoneError } from '../catch-up.error.js';

/** @throws UnknownTimeZoneError */
export function checkTimeZone(className: string, option: string, timeZone: unknown): void {
  try {
    if (typeof timeZone === 'string' && new Intl.DateTimeFormat('en', { timeZone })) return;
  } catch {
    // An unknown time zone, for which the error below is thrown.
  }
  throw new UnknownTimeZoneError(className, option, timeZone);
}
