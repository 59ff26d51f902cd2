import { createHash } from 'node:crypto';

const HEX_DIGITS = 16;

/** The first 64 bits of the SHA-256 of a normalised statement, in hexadecimal. */
export function fingerprintOf(normalized: string): string {
  return createHash('sha256').update(normalized).digest('hex').slice(0, HEX_DIGITS);
}
