/** @param {readonly number[]} sorted ascending @param {number} share e.g. 0.99 */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** @param {readonly number[]} values */
export function median(values) {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

export const count = (/** @type {number} */ value) => Math.round(value).toLocaleString('en');

export const seconds = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 2 : 1)} s`;

export const milliseconds = (/** @type {number} */ value) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

/** @param {number} rows @param {number} taken seconds */
export const rate = (rows, taken) => `${count(rows / taken)} rows/s`;
