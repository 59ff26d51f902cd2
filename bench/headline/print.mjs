import { count, seconds } from '../report/numbers.mjs';
import { ASKED } from './asked.mjs';

/** @typedef {import('./summary.mjs').Line} Line */
/** @typedef {import('./summary.mjs').Spread} Spread */

/** @param {readonly Line[]} lines */
export function printLines(lines) {
  console.table(
    lines.map((line) => ({
      case: line.name,
      rows: count(line.first.rows),
      seconds: seconds(line.seconds.value),
      ...mapped(cellsOf(line), ({ text, verdict }) => `${text}${verdict}`),
    })),
  );
}

/** @param {import('./summary.mjs').SpeedLine} line */
export const speedText = ({ what, least, ratio, detail }) =>
  `${what}: ${times(ratio.value)} (at least ${times(least)}: ${ratio.value >= least ? 'met' : 'missed'}), ${detail}`;

/**
 * The numbers of a line as text, each with its target and whether it is met.
 * @param {Line} line
 */
export function cellsOf(line) {
  const asked = ASKED[line.name] ?? {};
  const atLeast = line.doneShare < 1 ? '> ' : '';
  return {
    time: cell(atLeast, line.time, times, asked.time),
    WAL: cell('', line.wal, times, asked.wal),
    'WAL a row': { text: `${count(line.walPerRow.value)} B`, verdict: '' },
    growth: cell(atLeast, line.growth, percent, asked.growth),
    'heap-only': { text: percent(line.hotShare.value), verdict: '' },
    ...(line.p99 ? { p99: cell('', line.p99, times, asked.p99) } : {}),
    ...(line.longest
      ? { longest: cell('', line.longest, (value) => `${value.toFixed(0)} ms`, asked.longest) }
      : {}),
  };
}

const times = (/** @type {number} */ value) => `${value.toFixed(2)} ×`;
const percent = (/** @type {number} */ value) => `${(100 * value).toFixed(0)} %`;

/**
 * @param {string} prefix
 * @param {Spread | undefined} found
 * @param {(value: number) => string} write
 * @param {number | undefined} most
 */
function cell(prefix, found, write, most) {
  if (!found) return { text: '', verdict: '' };
  const verdict =
    most === undefined ? '' : ` (at most ${write(most)}: ${found.value <= most ? 'met' : 'missed'})`;
  return { text: prefix + write(found.value), verdict };
}

/** @template T @template U @param {Record<string, T>} record @param {(value: T) => U} change */
const mapped = (record, change) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
