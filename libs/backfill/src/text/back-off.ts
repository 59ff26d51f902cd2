export interface BackOffOptions {
  /**
   * The longest pause after the first attempt, in milliseconds; it doubles with each attempt. @default 100
   */
  readonly baseMs?: number;
  /** The longest pause after any attempt, in milliseconds. @default 5_000 */
  readonly maxMs?: number;
  /**
   * - `full`: the pause is random, from zero to the longest
   * - `equal`: the pause is random, from half of the longest to the longest
   *
   * @default 'full'
   */
  readonly jitter?: 'full' | 'equal';
}

/**
 * Exponential back-off with jitter: workers that failed at the same moment do not retry at the same moment
 * (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @param attempt from 1
 * @returns milliseconds
 */
export function backOff(
  attempt: number,
  { baseMs = 100, maxMs = 5_000, jitter = 'full' }: BackOffOptions = {},
): number {
  const longest = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  const fixed = jitter === 'equal' ? longest / 2 : 0;
  return Math.ceil(fixed + Math.random() * (longest - fixed));
}
