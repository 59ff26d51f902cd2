import { count, median } from '../report/numbers.mjs';
import { BASELINE, nameOf } from './cases.mjs';

/** @typedef {import('./records.mjs').CaseRecord} CaseRecord */
/** The median of the rounds, and their smallest and largest value. @typedef {{ value: number, low: number, high: number }} Spread */

/**
 * One way on one table, over all rounds.
 * @typedef {object} Line
 * @property {string} name
 * @property {CaseRecord} first the first round
 * @property {Spread} seconds
 * @property {Spread} walPerRow bytes
 * @property {Spread} growth share of the size before
 * @property {Spread} hotShare
 * @property {number} doneShare less than 1 if the way was stopped
 * @property {Spread | undefined} time against one UPDATE of the same run
 * @property {Spread | undefined} wal against one UPDATE of the same run
 * @property {Spread | undefined} p99 against that without a backfill
 * @property {Spread | undefined} longest milliseconds
 */

/**
 * Ratios are taken within one round of one run, never across runs.
 * @param {readonly CaseRecord[]} records
 * @returns {Line[]} in the order of the first round
 */
export function summarize(records) {
  /** @type {Map<string, CaseRecord[]>} */
  const groups = new Map();
  for (const record of records) {
    const name = `${nameOf(record)} ${record.rows}`;
    groups.set(name, [...(groups.get(name) ?? []), record]);
  }
  return [...groups.values()].flatMap((rounds) => {
    const [first] = rounds;
    return first ? [lineOf(first, rounds, records)] : [];
  });
}

/**
 * @param {CaseRecord} first
 * @param {readonly CaseRecord[]} rounds
 * @param {readonly CaseRecord[]} all
 * @returns {Line}
 */
function lineOf(first, rounds, all) {
  const against = (/** @type {(record: CaseRecord) => number} */ read) =>
    spreadOf(
      rounds.flatMap((record) => {
        const base = all.find(
          (other) => other.way === BASELINE && isComparable(other, record) && other.label === record.label,
        );
        return base ? [read(record) / read(base)] : [];
      }),
    );
  const busy = rounds.flatMap(({ during, before }) => (during && before ? [{ during, before }] : []));
  return {
    name: nameOf(first),
    first,
    seconds: spread(rounds.map(({ seconds }) => seconds)),
    walPerRow: spread(rounds.map(({ walBytes, rows }) => walBytes / rows)),
    growth: spread(rounds.map(({ bytesBefore, bytesAfter }) => bytesAfter / bytesBefore - 1)),
    hotShare: spread(rounds.map(({ hotShare }) => hotShare)),
    doneShare: Math.min(...rounds.map(({ done, rows }) => done / rows)),
    time: against(({ seconds }) => seconds),
    wal: against(({ walBytes }) => walBytes),
    p99: spreadOf(busy.map(({ during, before }) => during.p99 / before.p99)),
    longest: spreadOf(busy.map(({ during }) => during.longest)),
  };
}

/** @param {CaseRecord} a @param {CaseRecord} b */
const isSameRound = (a, b) => a.run === b.run && a.round === b.round;

/** @param {CaseRecord} a @param {CaseRecord} b */
const isComparable = (a, b) =>
  isSameRound(a, b) && a.table === b.table && a.users === b.users && a.rows === b.rows;

/** Speeds that are compared with each other. `least`: the target. */
const SPEEDS = [
  {
    what: 'uuid, library pause 0: rows/s with a round trip of 110 ms against 0.2 ms',
    of: 'uuid: library pause 0, round trip of 110 ms',
    against: 'uuid: library pause 0, round trip of 0.2 ms',
    least: 0.5,
  },
  {
    what: 'uuid, library pause 0: rows/s of 10,000,000 rows against 1,000,000',
    of: 'uuid: library pause 0, 10,000,000 rows',
    against: 'uuid: library pause 0, 1,000,000 rows',
    least: 0.85,
  },
];

/** @typedef {{ what: string, least: number, ratio: Spread, detail: string }} SpeedLine */

/** @param {readonly CaseRecord[]} records @returns {SpeedLine[]} those that were measured */
export const summarizeSpeeds = (records) =>
  SPEEDS.flatMap(({ what, of, against, least }) => {
    const pairs = records
      .filter((record) => nameOf(record) === of)
      .flatMap((a) => {
        const b = records.find((other) => nameOf(other) === against && isSameRound(a, other));
        return b ? [{ a: a.rows / a.seconds, b: b.rows / b.seconds }] : [];
      });
    const ratio = spreadOf(pairs.map(({ a, b }) => a / b));
    const rates = (/** @type {'a' | 'b'} */ side) => count(median(pairs.map((pair) => pair[side])));
    return ratio ? [{ what, least, ratio, detail: `${rates('a')} against ${rates('b')} rows/s` }] : [];
  });

/** @param {readonly number[]} values @returns {Spread} */
const spread = (values) => ({ value: median(values), low: Math.min(...values), high: Math.max(...values) });

/** @param {readonly number[]} values */
const spreadOf = (values) => (values.length === 0 ? undefined : spread(values));
