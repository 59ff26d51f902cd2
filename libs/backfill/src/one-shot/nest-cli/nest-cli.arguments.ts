import { ContradictoryArgumentsError } from '../arguments/arguments.error.js';
import { startsOneShot } from '../arguments/arguments.table.js';
import { misplacedArgument } from '../arguments/misplaced.argument.js';

/** The options of `nest start` without a value. */
const NEST_SWITCHES = new Set(
  '-w --watch --watchAssets --webpack --type-check --no-type-check --tsc --preserveWatchOutput --shell --no-shell'
    .concat(' --emit-declarations --silent')
    .split(' '),
);

/**
 * The options of `nest start` with a value. The Nest command line also accepts each of them without a value.
 */
const NEST_VALUES = new Set(
  '-c --config -p --path -b --builder -d --debug --webpackPath --rspackPath --sourceRoot --entryFile -e --exec --env-file'.split(
    ' ',
  ),
);

/**
 * The one-shot arguments among the arguments of the Nest command line, which drops unknown arguments.
 *
 * @param argv the whole `process.argv` of the `nest` process
 * @returns undefined for a command other than `start`, and when no one-shot run is requested
 * @throws {ArgumentError} for an argument of one-shot mode if the command would start a server
 */
export function oneShotArgumentsOfNestCli(argv: readonly string[]): readonly string[] | undefined {
  const [, script = '', command, ...rest] = argv;
  if (command !== 'start' || !/(^|[\\/])nest(\.[a-z]+)?$/.test(script)) return undefined;
  const separator = rest.indexOf('--');
  const beforeSeparator = separator < 0 ? rest : rest.slice(0, separator);
  const afterSeparator = separator < 0 ? [] : rest.slice(separator + 1);
  const oneShotArguments = withoutNestArguments(beforeSeparator);
  if (startsOneShot(oneShotArguments) || startsOneShot(afterSeparator)) {
    assertNotWatching(beforeSeparator);
    // Nest itself passes what follows the `--` to the application.
    return oneShotArguments;
  }
  // The Nest command line ignores unknown arguments: `nest start --backfil` would start a server.
  const misplaced = misplacedArgument(oneShotArguments);
  if (misplaced) throw misplaced;
  return undefined;
}

/**
 * Removes the Nest command line's own arguments, and the project name, which comes before the one-shot
 * arguments.
 */
function withoutNestArguments(argv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    const [flag = ''] = argument.split('=', 1);
    if (NEST_SWITCHES.has(flag)) continue;
    if (NEST_VALUES.has(flag)) {
      if (!argument.includes('=') && isValue(argv[index + 1])) index++;
      continue;
    }
    if (argument.startsWith('-') || kept.length > 0) kept.push(argument);
  }
  return kept;
}

function isValue(argument: string | undefined): boolean {
  return argument !== undefined && !argument.startsWith('-');
}

function assertNotWatching(argv: readonly string[]): void {
  const watch = argv.find((argument) => argument === '--watch' || argument === '-w');
  if (watch) {
    throw new ContradictoryArgumentsError(
      watch,
      'a one-shot run',
      'every saved file would start the run again',
    );
  }
}
