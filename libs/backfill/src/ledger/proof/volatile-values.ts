/** Stands for a value that is another one in each process. */
export const VOLATILE = '<volatile>';

const UUID = String.raw`[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}`;
const MONTHS = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec';
const WEEKDAY = String.raw`(?:\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+)?`;
/** As ISO 8601, `Date.toUTCString()`, `Date.toString()` and `Date.toLocaleDateString()` write a day. */
const DAYS = [
  String.raw`[+-]?\d{4,6}-\d{1,2}-\d{1,2}(?!\d)`,
  String.raw`(?<!\d)(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?![\d-])`,
  String.raw`(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)`,
  String.raw`(?<!\d)\d{4}\/\d{1,2}\/\d{1,2}(?!\d)`,
  String.raw`(?<!\d)\d{1,2}(?<mark>[./])\d{1,2}\k<mark>\d{4}(?!\d)`,
  String.raw`${WEEKDAY}(?<!\d)\d{1,2}\s+(?:${MONTHS})[a-z]*\s+\d{4}(?!\d)`,
  String.raw`${WEEKDAY}\b(?:${MONTHS})[a-z]*\s+\d{1,2},?\s+\d{4}(?!\d)`,
];
const CLOCK = String.raw`\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?[ap]m\b)?`;
const ZONE = String.raw`(?:\s?(?:z|gmt|utc)\b)?(?:[+-]\d\d(?::?\d\d){0,2})?(?:\s\([^()]*\))?(?:\sbc\b)?`;
const TIME = String.raw`(?:${DAYS.join('|')})(?:(?:t|,?\s)${CLOCK}${ZONE})?`;
/** Milliseconds or seconds since 1970, also with a fraction, or the digits of a time. */
const EPOCH = String.raw`\d{10,}(?:\.\d+)?`;
const FOUND = new RegExp(String.raw`(?<uuid>${UUID})|${TIME}|(?<!\d)${CLOCK}${ZONE}|${EPOCH}`, 'gi');

/**
 * Replaces each date, time, and integer of ten or more digits: such a value is often that of the start of the process,
 * e.g. of `LessThan(new Date())` or `LessThan(Date.now())`. The groups of digits of a UUID are none.
 */
export function withoutVolatileValues(text: string): string {
  return text.replace(FOUND, (found, ...rest) => {
    const { uuid } = rest.at(-1) as { readonly uuid?: string };
    return uuid === undefined ? VOLATILE : found;
  });
}
