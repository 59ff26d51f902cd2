import { parseArgs } from 'node:util';

const USAGE = `Usage: npm run bench [-- --scale N] [--repeat N] [--only PATTERN] [--plot]
  --scale   share of the full size, e.g. 0.02 for a quick run (default 1: up to 5,000,000 rows)
  --repeat  rounds of each measurement; the median counts (default 3)
  --only    only measurements whose name matches PATTERN, a regular expression; written to partial.json
  --plot    also the curves over the size of the table; writes curves and numbers into docs/`;

const OPTIONS = /** @type {const} */ ({
  scale: { type: 'string', default: '1' },
  repeat: { type: 'string', default: '3' },
  only: { type: 'string' },
  plot: { type: 'boolean', default: false },
});

/** @typedef {{ scale: number, repeat: number, only: RegExp | undefined, plot: boolean }} Options */

/** Parses the command line; ends the process with 2 for invalid arguments. @returns {Options} */
export function options() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    const [scale, repeat] = [Number(values.scale), Number(values.repeat)];
    if (!(scale > 0 && scale <= 10)) throw new Error('--scale must be above 0 and at most 10');
    if (!Number.isInteger(repeat) || repeat < 1) throw new Error('--repeat must be a whole number from 1');
    const only = values.only === undefined ? undefined : new RegExp(values.only, 'i');
    return { scale, repeat, only, plot: values.plot };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}
