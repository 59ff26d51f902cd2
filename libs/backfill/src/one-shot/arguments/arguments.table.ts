import type { Phase } from '../../deploy/phases.js';
import { CONTROL_VERBS } from '../../report/control-report.js';

/** How an argument is written and what it does. */
export interface ArgumentDefinition {
  /** Its line in `--help`. */
  readonly description: string;
  /** What follows an argument that itself has no value, for `--help`. */
  readonly usage?: string;
  /** An example of its value, for `--help`. An argument without it takes no value. */
  readonly valueExample?: string;
  /** Its default, for `--help`. */
  readonly defaultText?: string;
  /** It turns the start of the application into a one-shot run. */
  readonly startsOneShot?: true;
  /** Names of backfills may follow it, also as `--name=backfill`. */
  readonly takesNames?: true;
  /** The phase that it belongs to. It is refused in a run without this phase. */
  readonly phase?: Phase;
  /** The arguments that it belongs to: without one of them it is refused. */
  readonly belongsTo?: readonly string[];
  /** Why it is refused without them, after a colon. */
  readonly belongsToReason?: string;
}

/** All arguments of one-shot mode. The argument of a phase has the name of the phase. */
export const ARGUMENTS = {
  migrate: { startsOneShot: true, description: 'run the schema migrations; a failure stops the deployment' },
  indexes: { startsOneShot: true, description: 'build the declared indexes that are missing, concurrently' },
  backfill: {
    startsOneShot: true,
    takesNames: true,
    description: 'run the backfills: all of them, or the named ones',
  },
  deploy: { startsOneShot: true, description: 'run all phases in this order' },
  status: {
    startsOneShot: true,
    takesNames: true,
    description: 'print the status of each phase; changes nothing',
  },
  plan: { description: 'print what a run would do and cost; changes nothing' },
  verbose: {
    belongsTo: ['plan'],
    description: 'with --plan: also the SQL, its EXPLAIN and the cost of other ways',
  },
  tenant: { valueExample: 'ID', phase: 'backfill', description: 'only rows of this tenant; can be repeated' },
  'max-duration': {
    valueExample: '10m',
    phase: 'backfill',
    description: 'stop the backfills after this time (ms, s, m, h), with work left',
  },
  set: {
    startsOneShot: true,
    takesNames: true,
    usage: 'NAME KEY=VALUE…',
    description: 'change batchSize, pause, workers or maxWorkers of a backfill now',
  },
  pause: {
    startsOneShot: true,
    takesNames: true,
    usage: 'NAME…',
    description: 'pause backfills, including running ones',
  },
  resume: {
    startsOneShot: true,
    takesNames: true,
    usage: 'NAME…',
    description: 'let the next run continue paused or cancelled backfills',
  },
  cancel: {
    startsOneShot: true,
    takesNames: true,
    usage: 'NAME…',
    description: 'stop backfills until a person resumes them',
  },
  prune: {
    startsOneShot: true,
    description: 'delete old history from the ledger; every total stays the same',
  },
  keep: {
    valueExample: '90d',
    defaultText: '90d',
    belongsTo: ['prune'],
    description: 'with --prune: keep the records of this time, at least 1d',
  },
  forget: {
    startsOneShot: true,
    takesNames: true,
    usage: 'NAME…',
    description: 'delete the records of backfills whose classes were removed',
  },
  grants: {
    startsOneShot: true,
    takesNames: true,
    usage: 'ROLE…',
    description: 'print the GRANTs for one role, or for a deploying and an application role',
  },
  target: {
    valueExample: 'SCHEMA',
    belongsTo: ['status', ...CONTROL_VERBS],
    belongsToReason: 'a run works on the tables of its application',
    description: 'only the table in this schema; for the status and control commands',
  },
  why: {
    valueExample: 'TEXT',
    belongsTo: CONTROL_VERBS,
    description: 'the reason for --set, --pause, --resume or --cancel',
  },
  'max-wait': {
    valueExample: '5m',
    defaultText: '5m',
    phase: 'indexes',
    description: 'stop an index build that waits this long for transactions',
  },
  rebuild: { phase: 'indexes', description: 'replace indexes that differ from their declaration' },
  'connect-timeout': {
    valueExample: '60s',
    defaultText: '60s',
    description: 'wait this long for an unreachable database',
  },
  'retry-quarantined': { phase: 'backfill', description: 'try the rows in quarantine again' },
  strict: { description: 'exit with 3 if work is left or has failed, also with --status and --plan' },
  json: { description: 'records on stderr, one object as the last line of stdout' },
  'log-format': {
    valueExample: 'json',
    defaultText: 'text',
    description: 'log lines and events as JSON on stderr',
  },
  'no-progress': { description: 'log lines instead of the progress bar' },
  completion: {
    startsOneShot: true,
    valueExample: 'bash',
    description: 'print a script that completes these arguments in bash, zsh or fish',
  },
  help: { description: 'print this help' },
} as const satisfies Record<Phase, ArgumentDefinition> & Record<string, ArgumentDefinition>;

export type ArgumentName = keyof typeof ARGUMENTS;

export const ARGUMENT_NAMES = Object.keys(ARGUMENTS) as ArgumentName[];

export function definitionOf(name: string): ArgumentDefinition | undefined {
  return Object.hasOwn(ARGUMENTS, name) ? ARGUMENTS[name as ArgumentName] : undefined;
}

/** `--tenant=5` → `tenant`; undefined if the argument does not start with `--`. */
export function optionNameOf(argument: string): string | undefined {
  return /^--([^=]+)/.exec(argument)?.[1];
}

/**
 * Whether these arguments start a one-shot run. `--help` does so only if it is the only argument: together
 * with others, it belongs to the application.
 */
export function startsOneShot(argv: readonly string[]): boolean {
  return (
    isOnlyHelp(argv) || argv.some((argument) => definitionOf(optionNameOf(argument) ?? '')?.startsOneShot)
  );
}

function isOnlyHelp(argv: readonly string[]): boolean {
  const [help, ...others] = argv.filter((argument) => argument !== '--');
  return help === '--help' && others.length === 0;
}
