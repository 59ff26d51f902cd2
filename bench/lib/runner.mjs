import { count, rate, seconds } from '../report/numbers.mjs';
import { STUDIES } from '../studies/studies.mjs';
import { Times, measureTimes } from './times.mjs';

/** @typedef {ReturnType<typeof import('./measurements.mjs').measurements>[number]} Row */
/** @typedef {import('../studies/studies.mjs').Findings} Findings */

/**
 * @typedef {object} Result
 * @property {string} what
 * @property {number} value
 * @property {string} unit
 * @property {import('./measurement.mjs').Bound} [bound]
 * @property {number} [target]
 * @property {boolean} [met]
 * @property {number} [formerly] the target of the first version
 * @property {boolean} [metFormerly] whether the target of the first version is met
 * @property {string} detail
 */

/**
 * Measures the listed rows. The studies run in the order of the list; the compared ways run in rounds.
 *
 * @param {readonly Row[]} rows
 * @param {import('../studies/studies.mjs').Setting} setting
 * @returns {Promise<{ results: Result[], times: Times }>}
 */
export async function measure(rows, setting) {
  const { server, repeat, log } = setting;
  /** @type {Partial<Findings>} */
  const findings = {};
  const results = [];
  let times = new Times();
  const cells = rows.flatMap((row) => ('of' in row ? [row.against, row.of] : []));
  for (const row of rows) {
    if ('of' in row) times = await measureTimes(server, cells, { rounds: repeat, log, known: times });
    else await run(row.study, findings, setting);
    const result = toResult(row, 'of' in row ? compare(row, times) : readFindings(row, findings));
    log(`${mark(result)} ${sentence(result)}`);
    results.push(result);
  }
  return { results, times };
}

/**
 * @template {keyof Findings} Name
 * @param {Name} name
 * @param {Partial<Findings>} findings
 * @param {import('../studies/studies.mjs').Setting} setting
 */
async function run(name, findings, setting) {
  findings[name] ??= /** @type {Findings[Name]} */ (await STUDIES[name](setting));
}

/** @param {Row} row @param {Partial<Findings>} findings */
function readFindings(row, findings) {
  // Each row reads the findings of its own study. The type of the list guarantees it; a union type cannot
  // express it.
  const { study, read: reader } = /** @type {import('./measurement.mjs').Reading<keyof Findings>} */ (row);
  return /** @type {(found: unknown) => { value: number, detail: string }} */ (reader)(findings[study]);
}

/** @param {import('./measurement.mjs').Comparison} row @param {Times} times */
function compare({ of, against, by, note }, times) {
  const ratio = times.ratio(of, against);
  const [a, b] = [times.typical(of), times.typical(against)];
  const numbers =
    by === 'time'
      ? `${seconds(a)} against ${seconds(b)}, ${count(of.rows)} rows`
      : `${rate(of.rows, a)} against ${rate(against.rows, b)}` +
        (of.rows === against.rows ? `, ${count(of.rows)} rows` : '');
  return { value: by === 'time' ? ratio : 1 / ratio, detail: note ? `${numbers}; ${note}` : numbers };
}

/**
 * @param {import('./measurement.mjs').Measurement} row
 * @param {{ value: number, detail: string }} found
 * @returns {Result}
 */
function toResult({ what, unit, bound, target, formerly }, { value, detail }) {
  return {
    what,
    value,
    unit,
    ...(bound && target !== undefined ? { bound, target, met: isMet(value, bound, target) } : {}),
    ...(bound && formerly !== undefined ? { formerly, metFormerly: isMet(value, bound, formerly) } : {}),
    detail,
  };
}

/** @param {number} value @param {import('./measurement.mjs').Bound} bound @param {number} target */
function isMet(value, bound, target) {
  if (bound === 'least') return value >= target;
  return bound === 'most' ? value <= target : value < target;
}

/** @param {Result} result */
const mark = ({ met }) => (met === undefined ? '·' : met ? '✓' : '✗');

/** @param {Result} result */
const sentence = ({ what, value, unit, bound, target, detail }) =>
  `${what}: ${value.toFixed(2)} ${unit}${bound ? ` (${wordOf(bound)} ${target})` : ''} — ${detail}`;

/** @param {import('./measurement.mjs').Bound} bound */
export const wordOf = (bound) => ({ most: 'at most', least: 'at least', under: 'less than' })[bound];
