/**
 * Exponential back-off with full jitter: workers that failed together do not come back together
 * (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 *
 * @param attempt from 1
 * @returns milliseconds
 */
export function backOff(attempt: number, { base = 100, cap = 5_000 } = {}): number {
  return Math.ceil(Math.random() * Math.min(cap, base * 2 ** (attempt - 1)));
}
