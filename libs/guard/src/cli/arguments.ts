import { GuardUsageError } from '../guard.error.js';
import { majorVersionOf, OLDEST_POSTGRES } from '../judge/locks/postgres-version.js';
import { type OptionValues, parseCommandLine } from './command-line.js';
import { USAGE } from './usage.js';

export const COMMANDS = ['check', 'audit', 'extract', 'fix', 'init'] as const;
export type Command = (typeof COMMANDS)[number];

export const FORMATS = {
  check: ['text', 'json', 'sarif', 'github'],
  audit: ['markdown', 'html', 'json'],
  extract: ['text'],
  fix: ['text'],
  init: ['text'],
} as const satisfies Record<Command, readonly string[]>;
export type Format = (typeof FORMATS)[Command][number];

export interface Arguments {
  readonly command: Command;
  readonly paths: readonly string[];
  readonly format: Format;
  readonly output: string | undefined;
  readonly baseline: string | undefined;
  readonly updateBaseline: boolean;
  readonly strictBaseline: boolean;
  readonly exclude: readonly string[];
  readonly dmlHelpers: readonly string[];
  readonly tableSizes: string | undefined;
  readonly database: string | undefined;
  /** The oldest major version of PostgreSQL. */
  readonly postgres: number | undefined;
  readonly locks: 'refuse' | 'off';
  /** `check`: compare entities and backfills with the columns of the migrations. */
  readonly timeline: boolean;
  readonly sources: readonly string[];
  readonly timing: boolean;
  /** Undefined: colour on a terminal. */
  readonly colour: boolean | undefined;
  /** `extract`: the folder of the backfills. */
  readonly into: string | undefined;
  readonly write: boolean;
}

/** @throws {GuardUsageError} for every argument that the command does not know */
export function parseArguments(args: readonly string[]): Arguments | 'help' | 'version' {
  const { values, positionals } = parseCommandLine(args);
  if (values.help) return 'help';
  if (values.version) return 'version';
  const [name, ...paths] = positionals;
  const command = commandOf(name);
  assertPaths(command, paths);
  const format = formatOf(command, values.format);
  const conflict = CONFLICTS.find(({ isPresent }) => isPresent(values, command));
  if (conflict) throw new GuardUsageError(conflict.problem);
  return {
    command,
    paths,
    format,
    output: values.output,
    baseline: values.baseline,
    updateBaseline: values['update-baseline'],
    strictBaseline: values['strict-baseline'],
    exclude: values.exclude,
    dmlHelpers: values['dml-helper'],
    tableSizes: values['table-sizes'],
    database: values.database,
    postgres: postgresOf(values.postgres),
    locks: locksOf(values.locks),
    timeline: values.timeline,
    sources: values.sources,
    timing: values.timing,
    colour: values['no-color'] ? false : values.color,
    into: values.into,
    write: values.write,
  };
}

interface Conflict {
  readonly isPresent: (values: OptionValues, command: Command) => boolean | undefined;
  readonly problem: string;
}

const CONFLICTS: readonly Conflict[] = [
  {
    isPresent: (values, command) => values['update-baseline'] && command !== 'check',
    problem: '--update-baseline is an option of check',
  },
  {
    isPresent: ({ write }, command) => write && command !== 'extract' && command !== 'fix',
    problem: '--write is an option of extract and fix',
  },
  {
    isPresent: ({ into }, command) => into !== undefined && command !== 'extract',
    problem: '--into is an option of extract',
  },
  {
    isPresent: (values, command) => values.timeline && command !== 'check',
    problem: '--timeline is an option of check',
  },
  {
    isPresent: ({ sources, timeline }) => sources.length > 0 && !timeline,
    problem: '--sources is an option of --timeline',
  },
  {
    isPresent: (values) => values['table-sizes'] !== undefined && values.database !== undefined,
    problem: '--table-sizes and --database exclude each other',
  },
  {
    isPresent: (values) => values['update-baseline'] && values['strict-baseline'],
    problem: '--update-baseline and --strict-baseline exclude each other',
  },
];

function commandOf(name: string | undefined): Command {
  if (name === undefined) throw new GuardUsageError('the command is missing', USAGE);
  const command = COMMANDS.find((candidate) => candidate === name);
  if (!command)
    throw new GuardUsageError(`"${name}" is not a command; the commands are ${COMMANDS.join(', ')}`);
  return command;
}

function assertPaths(command: Command, paths: readonly string[]): void {
  if (paths.length === 0 && command !== 'init')
    throw new GuardUsageError(
      `${command}: the path is missing`,
      `Name the folder of your migrations: \`npx nestjs-backfill-guard ${command} src/migrations\`.`,
    );
  if ((command === 'extract' || command === 'fix') && paths.length > 1)
    throw new GuardUsageError(`${command} takes one migration at a time`);
  if (command === 'init' && paths.length > 1)
    throw new GuardUsageError('init takes one folder of migrations');
}

function locksOf(value: string): 'refuse' | 'off' {
  if (value === 'refuse' || value === 'off') return value;
  throw new GuardUsageError(`--locks ${value} is not one of refuse, off`);
}

function postgresOf(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const version = majorVersionOf(value);
  if (version !== undefined) return version;
  throw new GuardUsageError(
    `--postgres ${value} is not a version of PostgreSQL from ${OLDEST_POSTGRES} on`,
    'Give the major version of the oldest server that runs the migrations: --postgres 16.',
  );
}

function formatOf(command: Command, name: string | undefined): Format {
  const formats: readonly Format[] = FORMATS[command];
  const format = name === undefined ? formats[0] : formats.find((candidate) => candidate === name);
  if (format === undefined)
    throw new GuardUsageError(`--format ${String(name)} is not one of ${formats.join(', ')}`);
  return format;
}
