import { createHash } from 'node:crypto';

/** Ends the name of an index that a rebuild has replaced and not dropped yet. */
export const OLD_SUFFIX = 'nestjs_backfill_old';
/** Ends the name of an index that a rebuild is building. */
export const NEW_SUFFIX = 'nestjs_backfill_new';

/** Bytes of a name; PostgreSQL cuts longer ones. */
const MAX_NAME_BYTES = 63;

/** The same name in every run, at most 63 bytes; a digest keeps shortened names apart. */
export function derivedName(name: string, suffix: string): string {
  const full = `${name}_${suffix}`;
  if (Buffer.byteLength(full) <= MAX_NAME_BYTES) return full;
  return `${full.slice(0, 50)}_${createHash('sha1').update(full).digest('hex').slice(0, 8)}`;
}
