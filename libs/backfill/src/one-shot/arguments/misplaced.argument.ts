import { editDistance } from '../../text/nearest.js';
import { ArgumentWithoutPhaseError, startOf } from './arguments.error.js';
import {
  ARGUMENT_NAMES,
  definitionOf,
  optionNameOf,
  startsOneShot,
  type ArgumentName,
} from './arguments.table.js';

/**
 * A shorter name is close to many words, e.g. `--get` to `--set`, so only the exact name is recognised.
 */
const MIN_MISSPELT_LENGTH = 5;
/** From this length on, two wrong letters are a misspelling. */
const MIN_LENGTH_FOR_TWO = 8;

/**
 * The error for an argument of one-shot mode, perhaps misspelt, without one that starts a run: the application would
 * start as a server. What follows `--` belongs to the application.
 *
 * @returns undefined if the arguments start a one-shot run, or if none of them resembles one of one-shot mode
 */
export function misplacedArgument(argv: readonly string[]): ArgumentWithoutPhaseError | undefined {
  if (startsOneShot(argv) || argv.includes('--help')) return undefined;
  const separator = argv.indexOf('--');
  for (const argument of separator < 0 ? argv : argv.slice(0, separator)) {
    const meant = meantBy(argument);
    if (meant !== undefined)
      return new ArgumentWithoutPhaseError(argument, suggestionFor(meant), ownersOf(meant));
  }
  return undefined;
}

function meantBy(argument: string): ArgumentName | undefined {
  const written = optionNameOf(argument);
  return written === undefined ? undefined : ARGUMENT_NAMES.find((each) => isMeant(each, written));
}

function suggestionFor(name: ArgumentName): string {
  const [owner] = definitionOf(name)?.belongsTo ?? [];
  return owner === undefined ? startOf(name) : `${startOf(owner)} --${name}`;
}

function ownersOf(name: ArgumentName): readonly string[] {
  const { belongsTo, phase } = definitionOf(name) ?? {};
  return belongsTo ?? (phase === undefined ? [] : [phase]);
}

function isMeant(name: string, written: string): boolean {
  if (name === written) return true;
  if (name.length < MIN_MISSPELT_LENGTH) return false;
  return editDistance(written, name) <= (name.length < MIN_LENGTH_FOR_TWO ? 1 : 2);
}
