/** Older versions are not known to the rules. */
export const OLDEST_POSTGRES = 10;
const NEWEST_THINKABLE = 99;

/** @returns the major version in `16`, `'16'` or `'16.4'`; undefined if it is none that the rules know */
export function majorVersionOf(value: unknown): number | undefined {
  const [, digits] = /^(\d+)(?:\.\d+)?$/.exec(String(value)) ?? [];
  const version = Number(digits ?? Number.NaN);
  return version >= OLDEST_POSTGRES && version <= NEWEST_THINKABLE ? version : undefined;
}
