import { measureTimes } from '../lib/times.mjs';
import { measureUser } from '../studies/user.mjs';

const SIZES = [100_000, 300_000, 1_000_000, 3_000_000];
/**
 * The time of the predicate-only loop grows with the square of the size. Beyond this size it takes too long.
 */
const LOOP_SIZES = 300_000;
/** Number of updates for a p99. A way on a small table ends before that and is repeated. */
const UPDATES = 1_000;
const ROUNDS = 5;

/** @typedef {{ name: string, points: { rows: number, value: number }[] }} Curve */
/** @typedef {{ rowsPerSecond: Curve[], p99: Curve[] }} Curves `p99` in milliseconds */

const SPEEDS = /** @type {const} */ ([
  'library pause 0',
  'library 2 workers',
  'one UPDATE',
  'predicate-only loop',
]);
const DURING = /** @type {const} */ (['library defaults', 'one UPDATE', 'predicate-only loop']);

/**
 * Speed and a user's p99 over the size of the table.
 * @param {import('../studies/studies.mjs').Setting} setting
 * @param {import('../lib/times.mjs').Times} known times that have been measured already
 * @returns {Promise<Curves>}
 */
export async function measurePlot({ server, size, scale, quick, repeat, log }, known) {
  const sizesOf = (/** @type {string} */ way) =>
    SIZES.filter((rows) => way !== 'predicate-only loop' || rows <= LOOP_SIZES).map(size);
  const cells = SPEEDS.flatMap((way) => sizesOf(way).map((rows) => ({ way, rows })));
  const times = await measureTimes(server, cells, { rounds: repeat, log, known });

  /** @type {Map<string, Curve['points']>} */
  const waits = new Map();
  for (const rows of SIZES.map(size)) {
    const ways = DURING.filter((way) => sizesOf(way).includes(rows));
    const found = await measureUser(server, ways, {
      rows,
      rounds: ROUNDS,
      sufficientUpdates: quick ? 1 : UPDATES,
      quietMs: 2_000 * Math.min(1, Math.max(0.2, scale)),
      log,
    });
    for (const way of /** @type {const} */ (['none', ...ways])) {
      waits.set(way, [...(waits.get(way) ?? []), { rows, value: found[way].p99 }]);
    }
  }
  return {
    rowsPerSecond: SPEEDS.map((way) => ({
      name: way,
      points: sizesOf(way).map((rows) => ({ rows, value: rows / times.typical({ way, rows }) })),
    })),
    p99: [...waits].map(([name, points]) => ({ name: name, points })),
  };
}
