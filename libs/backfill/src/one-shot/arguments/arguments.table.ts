import { DEPLOY_FLAG, PHASES, type Phase } from '../../deploy/phases.js';

/** How one argument is written and what it means. */
export interface ArgumentDefinition {
  readonly describe: string;
  /** What follows it, for the help, where that is no value of its own. */
  readonly usage?: string;
  /** What stands for its value in the help; an argument without it takes no value. */
  readonly value?: string;
  /** Its presence turns the start of the application into a one-shot run. */
  readonly opens?: true;
  /** Names of backfills may follow it. */
  readonly names?: true;
  /** Means something to this phase only, which must be asked for. */
  readonly of?: Phase;
  /** Too common a word to be told apart from an application's own argument when no phase stands beside it. */
  readonly common?: true;
  /** Read by people alone: `--help` shows it as it stands. */
  readonly fallback?: string;
}

/** Every argument of one-shot mode. */
export const ARGUMENTS = {
  [PHASES.migrate.flag]: { opens: true, describe: PHASES.migrate.describe },
  [PHASES.indexes.flag]: { opens: true, describe: PHASES.indexes.describe },
  [PHASES.backfill.flag]: { opens: true, names: true, describe: PHASES.backfill.describe },
  [DEPLOY_FLAG]: { opens: true, describe: 'all phases, in this order' },
  status: { opens: true, names: true, describe: 'print where each phase stands; changes nothing' },
  plan: { describe: 'print what a run would do, SQL and EXPLAIN included; changes nothing' },
  tenant: { value: 'ID', of: 'backfill', describe: "only this tenant's rows; may be repeated" },
  'max-duration': {
    value: '10m',
    of: 'backfill',
    describe: 'stop the backfills, work left, after this time (ms, s, m, h)',
  },
  set: {
    opens: true,
    names: true,
    usage: 'NAME KEY=VALUE…',
    describe: 'batchSize, pause, workers, maxWorkers of a backfill, now',
  },
  pause: { opens: true, names: true, usage: 'NAME…', describe: 'hold backfills back, also running ones' },
  resume: { opens: true, names: true, usage: 'NAME…', describe: 'let the next run take them up again' },
  cancel: { opens: true, names: true, usage: 'NAME…', describe: 'end backfills for good' },
  why: { value: 'TEXT', describe: 'with one of these four: the reason, for the status' },
  'max-wait': {
    value: '5m',
    of: 'indexes',
    fallback: '5m',
    describe: 'give up an index whose build waits this long for others',
  },
  rebuild: { of: 'indexes', describe: 'replace indexes that are not as declared' },
  'connect-timeout': {
    value: '60s',
    fallback: '60s',
    describe: 'wait this long for a database that cannot be reached',
  },
  'retry-quarantined': { of: 'backfill', describe: 'try the rows in quarantine again' },
  strict: { common: true, describe: 'exit 3 when anything is left or has failed' },
  json: { common: true, describe: 'records on stderr, one object as the last line of stdout' },
  'no-progress': { common: true, describe: 'log lines instead of the progress bar' },
  help: { common: true, describe: 'print this' },
} as const satisfies Record<string, ArgumentDefinition>;

export type ArgumentName = keyof typeof ARGUMENTS;

export const ARGUMENT_NAMES = Object.keys(ARGUMENTS) as ArgumentName[];

export function definitionOf(name: string): ArgumentDefinition | undefined {
  return Object.hasOwn(ARGUMENTS, name) ? ARGUMENTS[name as ArgumentName] : undefined;
}

/** `--tenant=5` → `tenant`; undefined for what is not a long flag. */
export function flagNameOf(argument: string): string | undefined {
  return /^--([^=]+)/.exec(argument)?.[1];
}

/** Whether these arguments ask for a one-shot run, or for nothing but its help. */
export function opensOneShot(argv: readonly string[]): boolean {
  return (
    isOnlyHelp(argv) || argv.some((argument) => definitionOf(flagNameOf(argument) ?? '')?.opens === true)
  );
}

/** Beside arguments of the application's own, `--help` is the application's. */
function isOnlyHelp(argv: readonly string[]): boolean {
  const [help, ...others] = argv.filter((argument) => argument !== '--');
  return help === '--help' && others.length === 0;
}

/** What a person does to backfills that may be running. */
const ORDERS = ['set', 'pause', 'resume', 'cancel'] as const satisfies readonly ArgumentName[];
/** What an order cannot stand beside: `--json`, `--connect-timeout` and the like go with all of them. */
const NO_ORDERS = [
  ...(['migrate', 'indexes', 'backfill', 'deploy', 'status', 'plan'] as const),
  ...(['tenant', 'max-duration', 'rebuild', 'retry-quarantined'] as const),
] satisfies readonly ArgumentName[];

/** Which arguments exclude each other, and why. */
export const CONTRADICTIONS: readonly (readonly [ArgumentName, ArgumentName, string])[] = [
  ...ORDERS.flatMap((order, at) =>
    ORDERS.slice(at + 1).map((other) => [order, other, 'one order at a time'] as const),
  ),
  ...ORDERS.flatMap((order) =>
    NO_ORDERS.map((other) => [order, other, 'an order starts no run and takes only names'] as const),
  ),
  ['plan', 'status', 'one looks ahead, the other back'],
  ['plan', 'retry-quarantined', 'a plan changes nothing, so it retries nothing'],
  ['plan', 'max-duration', 'a plan runs no batches that a time limit could stop'],
  ['status', 'retry-quarantined', 'looking at the ledger changes nothing, so it retries nothing'],
  ['status', 'max-duration', 'looking at the ledger runs no batches that a time limit could stop'],
  ['status', 'tenant', 'the status shows every tenant'],
  ['plan', 'max-wait', 'a plan builds nothing that could wait'],
  ['status', 'max-wait', 'looking builds nothing that could wait'],
  ['plan', 'rebuild', 'a plan changes nothing, so it rebuilds nothing'],
  ['status', 'rebuild', 'looking changes nothing, so it rebuilds nothing'],
  ['indexes', 'tenant', 'an index is for all tenants; run their backfills with --backfill alone'],
  ['deploy', 'tenant', 'a deployment is for all tenants; run their backfills with --backfill alone'],
  ['migrate', 'tenant', 'a migration is for all tenants; run their backfills with --backfill alone'],
];
