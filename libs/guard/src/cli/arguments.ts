import { parseArgs } from 'node:util';
import { GuardUsageError } from '../guard.error.js';

export const COMMANDS = ['check', 'audit', 'extract'] as const;
export type Command = (typeof COMMANDS)[number];

export const FORMATS = {
  check: ['text', 'json', 'sarif', 'github'],
  audit: ['markdown', 'html', 'json'],
  extract: ['text'],
} as const satisfies Record<Command, readonly string[]>;
export type Format = (typeof FORMATS)[Command][number];

export interface Arguments {
  readonly command: Command;
  readonly paths: readonly string[];
  readonly format: Format;
  readonly output?: string;
  readonly baseline?: string;
  readonly updateBaseline: boolean;
  readonly strictBaseline: boolean;
  readonly exclude: readonly string[];
  readonly dmlHelpers: readonly string[];
  readonly tableSizes?: string;
  readonly database?: string;
  readonly timing: boolean;
  readonly colour?: boolean;
  /** `extract`: the folder of the backfills. */
  readonly into?: string;
  readonly write: boolean;
}

export const USAGE = `Usage: nestjs-backfill-guard <command> [options] PATH...

  check PATH...     refuse data changes in migrations (.ts, .js, .sql)
  audit PATH...     report the data changes that are there
  extract FILE      propose backfill classes for the data changes of one migration

Options
  --format FORMAT          check: text (default), json, sarif, github; audit: markdown (default), html, json
  --output FILE            write the report to a file
  --baseline FILE          grandfathered violations (default: nestjs-backfill-baseline.json, when it exists)
  --update-baseline        write the baseline from what is found
  --strict-baseline        fail on entries of the baseline that are stale, and on unused comments
  --exclude GLOB           leave files out; repeatable
  --dml-helper NAME        a function that changes data by agreement; repeatable (execDml is known)
  --table-sizes FILE       JSON of tables: "lookup", "growing" or a number of rows
  --database URL           read the sizes of the tables from PostgreSQL's statistics
  --timing                 print where the time went
  --color, --no-color
  --into FOLDER            extract: where the backfills go (default: backfills beside the folder of the migrations)
  --write                  extract: write the files; without it, they are shown as a diff
  --help, --version

Exit codes: 0 no new violation, 1 new violations, 2 the check could not be done.
`;

/** @throws {GuardUsageError} for whatever is not understood: nothing is ignored */
export function parseArguments(args: readonly string[]): Arguments | 'help' | 'version' {
  const parsed = parse(args);
  const { values, positionals } = parsed;
  if (values.help) return 'help';
  if (values.version) return 'version';
  const [command, ...paths] = positionals;
  if (command === undefined) throw new GuardUsageError('a command is missing', USAGE);
  if (!isCommand(command))
    throw new GuardUsageError(`"${command}" is no command; there are ${COMMANDS.join(', ')}`);
  if (paths.length === 0)
    throw new GuardUsageError(
      `${command}: a path is missing`,
      `Name the folder of your migrations: \`npx nestjs-backfill ${command} src/migrations\`.`,
    );
  if (command === 'extract' && paths.length > 1)
    throw new GuardUsageError('extract takes one migration at a time');
  const formats: readonly Format[] = FORMATS[command];
  const format = values.format ?? formats[0];
  if (!isFormat(format, formats))
    throw new GuardUsageError(`--format ${String(format)} is not one of ${formats.join(', ')}`);
  if (values['update-baseline'] && command !== 'check')
    throw new GuardUsageError('--update-baseline belongs to check');
  if ((values.write || values.into !== undefined) && command !== 'extract')
    throw new GuardUsageError('--write and --into belong to extract');
  if (values['table-sizes'] !== undefined && values.database !== undefined)
    throw new GuardUsageError('--table-sizes and --database exclude each other');
  if (values['update-baseline'] && values['strict-baseline'])
    throw new GuardUsageError('--update-baseline and --strict-baseline exclude each other');
  return {
    command,
    paths,
    format,
    updateBaseline: values['update-baseline'] ?? false,
    strictBaseline: values['strict-baseline'] ?? false,
    exclude: values.exclude ?? [],
    dmlHelpers: values['dml-helper'] ?? [],
    timing: values.timing ?? false,
    write: values.write ?? false,
    ...(values.output === undefined ? {} : { output: values.output }),
    ...(values.baseline === undefined ? {} : { baseline: values.baseline }),
    ...(values['table-sizes'] === undefined ? {} : { tableSizes: values['table-sizes'] }),
    ...(values.database === undefined ? {} : { database: values.database }),
    ...(values.into === undefined ? {} : { into: values.into }),
    ...(values['no-color'] ? { colour: false } : values.color ? { colour: true } : {}),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string' },
        output: { type: 'string' },
        baseline: { type: 'string' },
        'update-baseline': { type: 'boolean' },
        'strict-baseline': { type: 'boolean' },
        exclude: { type: 'string', multiple: true },
        'dml-helper': { type: 'string', multiple: true },
        'table-sizes': { type: 'string' },
        database: { type: 'string' },
        timing: { type: 'boolean' },
        color: { type: 'boolean' },
        'no-color': { type: 'boolean' },
        into: { type: 'string' },
        write: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
      },
    });
  } catch (error) {
    // What Node.js adds, on arguments that start with a dash, is not what was meant.
    const [what = ''] = (error instanceof Error ? error.message : String(error)).split('. To specify');
    throw new GuardUsageError(what);
  }
}

function isCommand(name: string): name is Command {
  return (COMMANDS as readonly string[]).includes(name);
}

function isFormat(name: string | undefined, formats: readonly Format[]): name is Format {
  return name !== undefined && (formats as readonly string[]).includes(name);
}
