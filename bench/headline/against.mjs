import { casesOf, rowsOf } from './records.mjs';
import { summarize } from './summary.mjs';

/** @typedef {import('./records.mjs').BenchRecord} BenchRecord */
/** @typedef {import('./summary.mjs').Spread} Spread */
/** @typedef {{ name: string, number: string, kept: Spread, now: Spread, tolerance: number, lowerIsBetter: boolean }} Pair */
/** @typedef {'same' | 'better' | 'worse'} Verdict */

/**
 * The spread that is assumed when there is one round only, as a share of the value: two runs of the same
 * commit differ by this much. A time depends on the machine's other load, WAL hardly does.
 */
const ASSUMED_SPREAD = { time: 0.1, WAL: 0.04, growth: 0.08, p99: 0.3, value: 0.15 };
/** A growth of 2 % and one of 4 % do not differ. */
const GROWTH_NOISE = 0.03;

/**
 * Compares a run with a kept one, row by row. Only ratios are compared, because seconds depend on the machine.
 * @param {readonly BenchRecord[]} kept
 * @param {readonly BenchRecord[]} now
 * @returns {(Pair & { verdict: Verdict })[]}
 */
export function compare(kept, now) {
  return [...casePairs(kept, now), ...rowPairs(kept, now)].map((pair) => ({ ...pair, verdict: judge(pair) }));
}

/** @param {Pair} pair @returns {Verdict} */
function judge({ kept, now, tolerance, lowerIsBetter }) {
  const difference = now.value - kept.value;
  const spread = Math.max(kept.high - kept.low, now.high - now.low, tolerance);
  if (Math.abs(difference) <= spread) return 'same';
  return difference < 0 === lowerIsBetter ? 'better' : 'worse';
}

/** @param {readonly BenchRecord[]} kept @param {readonly BenchRecord[]} now @returns {Pair[]} */
function casePairs(kept, now) {
  const old = new Map(summarize(casesOf(kept)).map((line) => [keyOf(line), line]));
  return summarize(casesOf(now)).flatMap((line) => {
    const before = old.get(keyOf(line));
    if (!before) return [];
    const pair = pairOf(line.name);
    return [
      ...pair('time', before.time, line.time),
      ...pair('WAL', before.wal, line.wal),
      ...pair('growth', before.growth, line.growth, GROWTH_NOISE),
      ...pair('p99', before.p99, line.p99),
    ];
  });
}

/** @param {import('./summary.mjs').Line} line */
const keyOf = (line) => `${line.name} ${line.first.rows}`;

/**
 * @param {string} name
 * @returns {(number: keyof typeof ASSUMED_SPREAD, kept: Spread | undefined, now: Spread | undefined, least?: number) => Pair[]}
 */
const pairOf =
  (name) =>
  (number, kept, now, least = 0) => {
    if (!kept || !now) return [];
    const tolerance = Math.max(least, ASSUMED_SPREAD[number] * kept.value);
    return [{ name, number, kept, now, tolerance, lowerIsBetter: true }];
  };

/** @param {readonly BenchRecord[]} kept @param {readonly BenchRecord[]} now @returns {Pair[]} */
function rowPairs(kept, now) {
  const old = new Map(rowsOf(kept).map((row) => [`${row.what} ${row.scale}`, row]));
  return rowsOf(now).flatMap((row) => {
    const before = old.get(`${row.what} ${row.scale}`);
    if (!before) return [];
    const single = (/** @type {number} */ value) => ({ value, low: value, high: value });
    const lowerIsBetter = row.bound === undefined ? !/speed|rows\/s/.test(row.what) : row.bound !== 'least';
    const tolerance = Math.abs(before.value) * ASSUMED_SPREAD.value;
    const values = { kept: single(before.value), now: single(row.value) };
    return [{ name: row.what, number: row.unit || 'value', ...values, tolerance, lowerIsBetter }];
  });
}

/**
 * Prints the comparison, and what makes it uncertain.
 * @param {string} file
 * @param {readonly BenchRecord[]} kept
 * @param {readonly BenchRecord[]} now
 */
export function printComparison(file, kept, now) {
  const pairs = compare(kept, now);
  console.table(
    pairs.map(({ name, number, kept, now, verdict }) => ({
      name,
      number,
      kept: kept.value.toFixed(2),
      now: now.value.toFixed(2),
      verdict,
    })),
  );
  const [then, today] = [classesOf(kept), classesOf(now)];
  if (then !== today) console.log(`The machines differ, so expect other ratios: ${then} then, ${today} now.`);
  const different = pairs.filter(({ verdict }) => verdict !== 'same');
  console.log(
    pairs.length === 0
      ? `${file} has no result of the same name and size.`
      : `${different.length} of ${pairs.length} numbers differ from ${file} by more than the spread.`,
  );
}

/** @param {readonly BenchRecord[]} records */
const classesOf = (records) =>
  [
    ...new Set(
      records.map(
        ({ machine }) =>
          `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, PostgreSQL ${machine.postgres}, Node.js ${machine.node}`,
      ),
    ),
  ].join('; ');
