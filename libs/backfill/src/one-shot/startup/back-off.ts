/** How long to wait before trying again: doubles each time up to a limit, half of it by chance ("equal jitter"). */
export const BACK_OFF = { firstMs: 250, limitMs: 5_000 } as const;

/**
 * @param attempt from 1
 * @param random 0 to 1
 * @returns milliseconds
 */
export function backOff(attempt: number, random: number = Math.random()): number {
  const full = Math.min(BACK_OFF.firstMs * 2 ** (attempt - 1), BACK_OFF.limitMs);
  return Math.round(full / 2 + (full / 2) * random);
}
