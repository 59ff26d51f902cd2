import { ArgumentWithoutPhaseError, ContradictoryArgumentsError } from '../arguments/arguments.error.js';
import {
  ARGUMENT_NAMES,
  ARGUMENTS,
  definitionOf,
  flagNameOf,
  opensOneShot,
  type ArgumentDefinition,
} from '../arguments/arguments.table.js';
import { nearest } from '../../text/nearest.js';

/** The arguments of `nest start` itself that take no value. */
const NEST_SWITCHES = new Set(
  '-w --watch --watchAssets --webpack --type-check --no-type-check --tsc --preserveWatchOutput --shell --no-shell'
    .concat(' --emit-declarations --silent')
    .split(' '),
);

/** Those that take one; the Nest command line lets each stand without it too. */
const NEST_VALUES = new Set(
  '-c --config -p --path -b --builder -d --debug --webpackPath --rspackPath --sourceRoot --entryFile -e --exec --env-file'.split(
    ' ',
  ),
);

/** The arguments that open one-shot mode, as flags. */
const OPENERS = ARGUMENT_NAMES.filter((name) => (ARGUMENTS[name] as ArgumentDefinition).opens);

/**
 * The one-shot arguments among those of the Nest command line, which drops what it does not know.
 *
 * @param argv the whole `process.argv` of the `nest` process
 * @returns undefined when the command is another one than `start`, or asks for no phase
 * @throws {ArgumentError} what can only be meant for a one-shot run, but would start a server
 */
export function oneShotArgumentsOfNestCli(argv: readonly string[]): readonly string[] | undefined {
  const [, script = '', command, ...rest] = argv;
  if (command !== 'start' || !/(^|[\\/])nest(\.[a-z]+)?$/.test(script)) return undefined;
  const separator = rest.indexOf('--');
  const own = separator < 0 ? rest : rest.slice(0, separator);
  const passedOn = separator < 0 ? [] : rest.slice(separator + 1);
  const kept = withoutNestArguments(own);
  if (opensOneShot(kept)) {
    refuseWatch(own);
    return kept;
  }
  if (opensOneShot(passedOn)) {
    refuseWatch(own);
    // The application gets what follows `--` by itself, and what stands before it, which may be nothing, from here.
    return kept;
  }
  refuseStrays(kept);
  return undefined;
}

/** Without the Nest command line's own arguments, and without the name of the project, which stands before all others. */
function withoutNestArguments(own: readonly string[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index < own.length; index++) {
    const argument = own[index] ?? '';
    const next = own[index + 1];
    const [flag = ''] = argument.split('=', 1);
    if (NEST_SWITCHES.has(flag)) continue;
    if (NEST_VALUES.has(flag)) {
      if (!argument.includes('=') && next !== undefined && !next.startsWith('-')) index++;
      continue;
    }
    if (argument.startsWith('-') || kept.length > 0) kept.push(argument);
  }
  return kept;
}

function refuseWatch(own: readonly string[]): void {
  const watch = own.find((argument) => argument === '--watch' || argument === '-w');
  if (watch) {
    throw new ContradictoryArgumentsError(
      watch,
      'a one-shot run',
      'every saved file would start the run again',
    );
  }
}

/** The Nest command line ignores unknown arguments: `nest start --backfil` would start a server and do nothing. */
function refuseStrays(kept: readonly string[]): void {
  for (const argument of kept) {
    const name = flagNameOf(argument);
    if (name === undefined) continue;
    const definition = definitionOf(name);
    if (definition && !definition.common)
      throw new ArgumentWithoutPhaseError(argument, `--${definition.of ?? 'backfill'} ${argument}`);
    const meant = definition ? undefined : nearest(name, OPENERS);
    if (meant) throw new ArgumentWithoutPhaseError(argument, `--${meant}`);
  }
}
