import { parseArgs } from 'node:util';
import { ArgumentValueError, UnknownArgumentError } from './arguments.error.js';
import { ARGUMENT_NAMES, definitionOf, type ArgumentName } from './arguments.table.js';

/** The values of each argument that was given; an empty list for an argument without value. */
export type GivenArguments = ReadonlyMap<ArgumentName, readonly string[]>;

export interface TokenizedArguments {
  readonly given: GivenArguments;
  /** The words that belong to no argument. */
  readonly positionals: readonly string[];
}

/** @throws {ArgumentError} for an unknown argument, and for a missing or unexpected value */
export function tokenizeArguments(argv: readonly string[]): TokenizedArguments {
  const given = new Map<ArgumentName, string[]>();
  const positionals: string[] = [];
  for (const token of tokensOf(argv)) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = assertKnown(token.name, token.rawName);
    const values = given.get(name) ?? [];
    given.set(name, values);
    const value = assertValue(name, token);
    if (value !== undefined) values.push(value);
  }
  return { given, positionals };
}

function tokensOf(argv: readonly string[]) {
  const options = ARGUMENT_NAMES.map((name) => {
    const type = definitionOf(name)?.valueExample ? 'string' : 'boolean';
    return [name, { type }] as const;
  });
  const { tokens } = parseArgs({
    // Some package managers pass on the `--` that separates their own arguments from those of the script.
    args: argv.filter((argument) => argument !== '--'),
    options: Object.fromEntries(options),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

function assertKnown(name: string, rawName: string): ArgumentName {
  if (!rawName.startsWith('--') || !definitionOf(name)) throw new UnknownArgumentError(rawName);
  return name as ArgumentName;
}

interface OptionToken {
  readonly value?: string | undefined;
  /** The value was written as `--name=value`. */
  readonly inlineValue?: boolean | undefined;
}

function assertValue(name: ArgumentName, token: OptionToken): string | undefined {
  return definitionOf(name)?.valueExample
    ? assertRequiredValue(name, token)
    : assertOptionalName(name, token.value);
}

function assertRequiredValue(name: ArgumentName, { value, inlineValue }: OptionToken): string {
  if (!value) throw new ArgumentValueError(name, 'needs a value');
  if (!inlineValue && value.startsWith('--'))
    throw new ArgumentValueError(name, `is followed by ${value} instead of a value`);
  return value;
}

/** Only an argument that takes names may have a value, as in `--backfill=name`. */
function assertOptionalName(name: ArgumentName, value: string | undefined): string | undefined {
  if (value !== undefined && !definitionOf(name)?.takesNames)
    throw new ArgumentValueError(name, `takes no value, but got "${value}"`);
  if (value === '') throw new ArgumentValueError(name, 'has an empty name after its `=`');
  return value;
}
