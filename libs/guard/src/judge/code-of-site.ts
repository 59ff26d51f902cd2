import type { Site } from '../evaluate/values/value.types.js';

/** The code of a place, as written. */
export function codeOfSite({ source, start, end }: Site): string {
  return source.slice(start, end);
}
