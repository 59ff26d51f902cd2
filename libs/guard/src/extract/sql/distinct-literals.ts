/** Texts that a type reads as one value: `t` and `true`. */
const TRUE = new Set(['true', 't', 'yes', 'y', 'on', '1']);
const FALSE = new Set(['false', 'f', 'no', 'n', 'off', '0']);

/** Words that a type of dates reads as a time. */
const TIME =
  /^(?:now|today|tomorrow|yesterday|epoch|allballs|-?infinity|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]*\b.*)$/;

const INTEGER = /^-?\d{1,15}$/;
const PLAIN = /^[\p{L}_][\p{L}\p{N}\p{P}_ ]*$/u;

/**
 * Whether two literals are different values in every type and collation that they can have; null stands for NULL.
 * Not certain, for example, for `2024-01-01` and `2024-1-1`, or for texts that differ in case or accents.
 */
export function areDifferent(one: string | null, other: string | null): boolean {
  if (one === null || other === null) return one !== other;
  const [a, b] = [plain(one), plain(other)];
  if (a === b || (TRUE.has(a) && TRUE.has(b)) || (FALSE.has(a) && FALSE.has(b))) return false;
  if (INTEGER.test(a) && INTEGER.test(b)) return Number(a) !== Number(b);
  return [a, b].every((text) => PLAIN.test(text) && !TIME.test(text));
}

/** In lower case, without accents, and without the blanks that `char(n)` adds. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').trim().toLowerCase();
}
