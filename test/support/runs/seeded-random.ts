/**
 * A pseudo-random number generator: the same seed gives the same numbers (mulberry32, T. Ettinger, 2017,
 * public domain).
 *
 * @returns a function that returns an integer from 0 to its argument, which is exclusive
 */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/**
 * The seed of this test run: the environment variable `SEED` to repeat a failed run, otherwise a random
 * number.
 */
export function seed(): number {
  return Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32));
}
