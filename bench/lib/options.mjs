import { parseArgs } from 'node:util';
import { TABLES } from '../tables/tables.mjs';
import { WAYS } from '../ways/ways.mjs';

const USAGE = `Usage: npm run bench [-- OPTIONS]

What is measured:
  --server   defaults (PostgreSQL's defaults: the headline), friendly (much memory, no checkpoint), or both (default)
  --table    tables of the headline, separated by commas; implies --server defaults
  --ways     ways, separated by semicolons; one UPDATE is always added
  --users    none, busy or both (default): whether a user changes rows meanwhile
  --only     only measurements whose name matches PATTERN, a regular expression
  --scale    share of the full size, e.g. 0.02 for a quick run (default 1: 2,500,000 rows of uuid)
  --long     also 10,000,000 rows of uuid against 1,000,000
  --repeat   rounds of each measurement; the median counts (default 3)

What becomes of it:
  --keep     keeps the built tables in .data/bench, so that the next run starts at once
  --out      the file that receives each result (default bench/results/DATE-COMMIT.jsonl)
  --against  a kept file: compares this run with it, row by row, and names what differs beyond the spread
  --docs     measures nothing: writes the tables and plots of the headline in docs/ from a kept FILE
  --plot     also the curves of the friendly server; writes curves and numbers into docs/

Tables: ${Object.keys(TABLES).join(', ')}
Ways: ${Object.keys(WAYS).join('; ')}

A file of kept results receives the parts of a long run one after the other: give the same --out to each.

While developing, one table and some ways, in about three minutes:
  npm run bench -- --table uuid --ways 'library pause 0; library 2 workers' --users none --repeat 1 --keep`;

const OPTIONS = /** @type {const} */ ({
  help: { type: 'boolean', default: false },
  server: { type: 'string' },
  table: { type: 'string' },
  ways: { type: 'string' },
  users: { type: 'string', default: 'both' },
  scale: { type: 'string', default: '1' },
  repeat: { type: 'string', default: '3' },
  only: { type: 'string' },
  keep: { type: 'boolean', default: false },
  out: { type: 'string' },
  long: { type: 'boolean', default: false },
  against: { type: 'string' },
  docs: { type: 'string' },
  plot: { type: 'boolean', default: false },
});

/**
 * @typedef {object} Options
 * @property {'defaults' | 'friendly' | 'both'} server
 * @property {import('../headline/cases.mjs').Choice} choice
 * @property {number} scale
 * @property {number} repeat
 * @property {RegExp | undefined} only
 * @property {boolean} keep
 * @property {string | undefined} out
 * @property {string | undefined} against
 * @property {string | undefined} docs
 * @property {boolean} plot
 */

/** Parses the command line; ends the process with 2 for invalid arguments. @returns {Options} */
export function options() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    if (values.help) {
      console.log(USAGE);
      process.exit(0);
    }
    const [scale, repeat] = [Number(values.scale), Number(values.repeat)];
    if (!(scale > 0 && scale <= 10)) throw new Error('--scale must be above 0 and at most 10');
    if (!Number.isInteger(repeat) || repeat < 1) throw new Error('--repeat must be a whole number from 1');
    const only = values.only === undefined ? undefined : new RegExp(values.only, 'i');
    const [tables, ways] = [listed('--table', values.table, ','), listed('--ways', values.ways, ';')];
    const choice = {
      ...(tables ? { tables: tables.map((table) => oneOf('--table', table, TABLES)) } : {}),
      ...(ways ? { ways: ways.map((way) => oneOf('--ways', way, WAYS)) } : {}),
      users: oneOf('--users', values.users, { none: 1, busy: 1, both: 1 }),
      ...(only ? { only } : {}),
      ...(values.long ? { form: /** @type {const} */ ('long') } : {}),
    };
    const server = values.server ?? (tables || ways ? 'defaults' : 'both');
    const { keep, out, against, docs, plot } = values;
    return {
      ...{ server: oneOf('--server', server, { defaults: 1, friendly: 1, both: 1 }), choice },
      ...{ scale, repeat, only, keep, out, against, docs, plot },
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    process.exit(2);
  }
}

/** @param {string} option @param {string | undefined} value @param {string} separator */
function listed(option, value, separator) {
  if (value === undefined) return undefined;
  const items = value
    .split(separator)
    .map((item) => item.trim())
    .filter(Boolean);
  if (items.length === 0) throw new Error(`${option} needs a value`);
  return items;
}

/**
 * @template {string} Name
 * @param {string} option
 * @param {string} value
 * @param {Record<Name, unknown>} known
 * @returns {Name}
 */
function oneOf(option, value, known) {
  if (Object.hasOwn(known, value)) return /** @type {Name} */ (value);
  throw new Error(`${option} ${value}: unknown. Known are: ${Object.keys(known).join('; ')}`);
}
