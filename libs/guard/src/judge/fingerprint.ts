import { createHash } from 'node:crypto';

const LENGTH = 16;

/** Identifies a statement by its normalised text: 64 bits of its SHA-256, in hexadecimal. */
export function fingerprintOf(normalized: string): string {
  return createHash('sha256').update(normalized).digest('hex').slice(0, LENGTH);
}
