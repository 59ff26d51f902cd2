import type { ControlVerb } from '../../report/control-report.js';
import type { ArgumentName } from './arguments.table.js';

const CONTROL_ARGUMENTS = ['set', 'pause', 'resume', 'cancel'] as const satisfies readonly ControlVerb[];

/** The arguments that a control command refuses. It accepts e.g. `--json` and `--connect-timeout`. */
const RUN_ARGUMENTS = [
  ...(['migrate', 'indexes', 'backfill', 'deploy', 'status', 'plan'] as const),
  ...(['tenant', 'max-duration', 'rebuild', 'retry-quarantined'] as const),
] satisfies readonly ArgumentName[];

type Conflict = readonly [ArgumentName, ArgumentName, reason: string];

const CONTROL_CONFLICTS: readonly Conflict[] = CONTROL_ARGUMENTS.flatMap((command, position) => [
  ...CONTROL_ARGUMENTS.slice(position + 1).map((other): Conflict => [
    command,
    other,
    'a command line has only one control command',
  ]),
  ...RUN_ARGUMENTS.map((other): Conflict => [
    command,
    other,
    'a control command takes only names and starts no run',
  ]),
]);

const HOUSEKEEPING_ARGUMENTS = ['prune', 'forget', 'grants'] as const satisfies readonly ArgumentName[];

const HOUSEKEEPING_CONFLICTS: readonly Conflict[] = HOUSEKEEPING_ARGUMENTS.flatMap((command, position) =>
  [
    ...HOUSEKEEPING_ARGUMENTS.slice(position + 1),
    ...CONTROL_ARGUMENTS,
    ...RUN_ARGUMENTS,
    ...(['target', 'strict'] as const),
  ].map((other): Conflict => [
    command,
    other,
    command === 'grants' ? '--grants only prints' : `--${command} only deletes records of the ledger`,
  ]),
);

/** The pairs of arguments that exclude each other, and why. */
export const ARGUMENT_CONFLICTS: readonly Conflict[] = [
  ...CONTROL_CONFLICTS,
  ...HOUSEKEEPING_CONFLICTS,
  ['plan', 'status', 'the plan shows the next run, the status shows the previous runs'],
  ['plan', 'retry-quarantined', 'a plan changes nothing'],
  ['plan', 'max-duration', 'a plan runs no batches'],
  ['plan', 'max-wait', 'a plan builds no index'],
  ['plan', 'rebuild', 'a plan changes nothing'],
  ['status', 'retry-quarantined', 'the status changes nothing'],
  ['status', 'max-duration', 'the status runs no batches'],
  ['status', 'max-wait', 'the status builds no index'],
  ['status', 'rebuild', 'the status changes nothing'],
  ['status', 'tenant', 'the status shows all tenants'],
  ['indexes', 'tenant', 'an index is for all tenants; run their backfills with --backfill alone'],
  ['deploy', 'tenant', 'a deployment is for all tenants; run their backfills with --backfill alone'],
  ['migrate', 'tenant', 'a migration is for all tenants; run their backfills with --backfill alone'],
];
