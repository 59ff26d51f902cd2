/** A growth below this share of the table counts as this share, so that 1 MB instead of none is no error of 100 %. */
const LEAST_GROWTH = 0.05;
const WITHIN = 0.2;

/** @typedef {{ time: number, wal: number, growth: number }} Errors */

/**
 * The errors of a prediction as shares of what the run came to.
 * @param {import('./held-run.mjs').HeldRun} run
 * @returns {Errors}
 */
export function errorsOf({ predicted, actual, bytesBefore }) {
  const growth = Math.max(actual.growth, LEAST_GROWTH * bytesBefore);
  return {
    time: predicted.seconds / actual.seconds - 1,
    wal: predicted.wal / actual.wal - 1,
    growth: (predicted.growth - actual.growth) / growth,
  };
}

/**
 * The share of the errors that are within 20 %.
 * @param {readonly Errors[]} errors
 * @param {keyof Errors} name
 */
export const shareWithin = (errors, name) =>
  errors.filter((each) => Math.abs(each[name]) <= WITHIN).length / Math.max(1, errors.length);
