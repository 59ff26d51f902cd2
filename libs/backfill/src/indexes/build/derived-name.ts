import { createHash } from 'node:crypto';

/** Suffix of an index that a rebuild has replaced and not dropped yet. */
export const OLD_SUFFIX = 'nestjs_backfill_old';
/** Suffix of an index that a rebuild is building. */
export const NEW_SUFFIX = 'nestjs_backfill_new';

/** The maximum length of a name, in bytes. PostgreSQL truncates longer names. */
const MAX_NAME_BYTES = 63;

/**
 * Appends a suffix to the name. The result is the same in every run and has at most 63 bytes; a digest
 * distinguishes shortened names.
 */
export function derivedName(name: string, suffix: string): string {
  const full = `${name}_${suffix}`;
  if (Buffer.byteLength(full) <= MAX_NAME_BYTES) return full;
  return `${full.slice(0, 50)}_${createHash('sha1').update(full).digest('hex').slice(0, 8)}`;
}
