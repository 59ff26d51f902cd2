/** @param {readonly number[]} sorted ascending @param {number} share e.g. 0.99 */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

export const count = (/** @type {number} */ value) => Math.round(value).toLocaleString('en');

export const seconds = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 2 : 1)} s`;

export const milliseconds = (/** @type {number} */ value) =>
  value < 1_000
    ? `${Number(value.toFixed(value < 10 ? 1 : 0))} ms`
    : `${Number((value / 1_000).toFixed(1))} s`;

/** @param {number} rows @param {number} taken seconds */
export const rate = (rows, taken) => `${count(rows / taken)} rows/s`;
