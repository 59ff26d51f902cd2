import { count } from '../report/numbers.mjs';

/** @typedef {import('../studies/studies.mjs').Findings} Findings */
/** @typedef {import('./times.mjs').Cell} Cell */
/** @typedef {'most' | 'least' | 'under'} Bound */

/**
 * A row of the result: a measurement and its target. A row without a target is for comparison only.
 *
 * @typedef {object} Measurement
 * @property {string} what
 * @property {string} unit '×' for a ratio
 * @property {Bound} [bound]
 * @property {number} [target]
 * @property {number} [formerly] the target of the first version of the engine
 */

/**
 * A row that compares one way with another.
 * @typedef {Measurement & { of: Cell, against: Cell, by: 'time' | 'speed', note?: string }} Comparison
 */

/**
 * A row that reads the result of a study.
 * @template {keyof Findings} Name
 * @typedef {Measurement & { study: Name, read: (found: Findings[Name]) => { value: number, detail: string } }} Reading
 */

/** @template {keyof Findings} Name @param {Reading<Name>} reading @returns {Reading<Name>} */
export const reading = (reading) => reading;

/** @param {Omit<Comparison, 'unit'>} row @returns {Comparison} */
export const comparison = (row) => ({ ...row, unit: '×' });

/** @typedef {import('../studies/user.mjs').Waits} Waits */

/** @param {Waits} during @param {Waits} none */
export function p99(during, none) {
  return {
    value: during.p99 / none.p99,
    detail: `${during.p99.toFixed(1)} against ${none.p99.toFixed(1)} ms, of ${count(during.updates)} and ${count(none.updates)} updates`,
  };
}

/** @param {Waits} during @param {Waits} none */
export function longest(during, none) {
  return {
    value: during.longest,
    detail: `without a backfill ${none.longest.toFixed(1)} ms; of ${count(during.updates)} and ${count(none.updates)} updates`,
  };
}

/** @param {import('../studies/bloat.mjs').Bloat} ours @param {import('../studies/bloat.mjs').Bloat} other */
export function bloat(ours, other) {
  const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(0)} %`;
  return {
    value: ours.growth / other.growth,
    detail: `${percent(ours.growth)} in ${ours.seconds.toFixed(1)} s against ${percent(other.growth)} in ${other.seconds.toFixed(1)} s`,
  };
}
