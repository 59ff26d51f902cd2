import { parseArgs } from 'node:util';

export const USAGE = `npm run demo [-- options]

  --leads N        how many leads to load into an empty database (default 100,000)
  --fresh          drop the demo's own database and start again (not with DATABASE_URL)
  --keep-running   keep the server running, for example for \`npx nest start --backfill --status\`
  --stop           stop the server that --keep-running started
  --help`;

export class UsageError extends Error {}

/**
 * @typedef {object} DemoArguments
 * @property {number | undefined} leads
 * @property {boolean} fresh
 * @property {boolean} keepRunning
 * @property {boolean} stop
 * @property {boolean} help
 */

/**
 * @param {string[]} argv
 * @param {boolean} hasDatabaseUrl
 * @returns {DemoArguments}
 * @throws {UsageError}
 */
export function parseDemoArguments(argv, hasDatabaseUrl) {
  const { values } = parse(argv);
  const { fresh = false, 'keep-running': keepRunning = false, stop = false, help = false } = values;
  if (hasDatabaseUrl && (fresh || keepRunning || stop)) {
    throw new UsageError(
      '--fresh, --keep-running and --stop need the demo’s own server: unset DATABASE_URL.',
    );
  }
  if (stop && (fresh || keepRunning || values.leads)) throw new UsageError('--stop takes no other option.');
  return {
    leads: values.leads === undefined ? undefined : leadCount(values.leads),
    fresh,
    keepRunning,
    stop,
    help,
  };
}

/** @param {string[]} argv */
function parse(argv) {
  try {
    return parseArgs({
      args: argv,
      options: {
        leads: { type: 'string' },
        fresh: { type: 'boolean' },
        'keep-running': { type: 'boolean' },
        stop: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** @param {string} text */
function leadCount(text) {
  const count = /^\d[\d_,]*$/.test(text) ? Number(text.replace(/[_,]/g, '')) : NaN;
  if (!(count >= 1 && count <= 100_000_000)) {
    throw new UsageError(`--leads takes a whole number from 1 to 100,000,000, not "${text}".`);
  }
  return count;
}
