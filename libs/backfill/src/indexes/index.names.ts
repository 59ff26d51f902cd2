import { createHash } from 'node:crypto';

/** What a rebuild has replaced, until it is dropped. */
export const OLD = 'nestjs_backfill_old';

/** A name for a helper of the index, found again in the next run: cut to what PostgreSQL keeps, and told apart by a digest. */
export function derivedName(name: string, suffix: string): string {
  const full = `${name}_${suffix}`;
  if (Buffer.byteLength(full) <= 63) return full;
  return `${full.slice(0, 50)}_${createHash('sha1').update(full).digest('hex').slice(0, 8)}`;
}
