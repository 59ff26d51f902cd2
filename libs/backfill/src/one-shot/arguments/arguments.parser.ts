import { parseArgs } from 'node:util';
import { CONTROL_VERBS } from '../../backfills/report/control-report.js';
import {
  ArgumentValueError,
  ContradictoryArgumentsError,
  MissingPhaseError,
  NamesWithoutBackfillError,
  UnknownArgumentError,
} from './arguments.error.js';
import { ARGUMENT_NAMES, CONTRADICTIONS, definitionOf, type ArgumentName } from './arguments.table.js';
import { parseControl, type ControlArguments } from './control.arguments.js';
import { parseDuration } from '../../text/duration.parser.js';
import { MAX_TIMER_MS } from '../../text/timers.js';
import { DEPLOY_FLAG, PHASE_NAMES, PHASES, type OneShotAction, type Phase } from '../../deploy/phases.js';

/** What a one-shot run was asked for. */
export interface OneShotArguments {
  readonly action: OneShotAction;
  readonly phases: readonly Phase[];
  /** Empty for all. */
  readonly names: readonly string[];
  /** Empty for all. */
  readonly tenants: readonly string[];
  /** Milliseconds; undefined for no limit. */
  readonly maxDurationMs: number | undefined;
  /** Milliseconds that the build of an index may wait for others; undefined for the default. */
  readonly maxWaitMs: number | undefined;
  /** Milliseconds. */
  readonly connectTimeoutMs: number;
  readonly retryQuarantined: boolean;
  /** Replace indexes that are not as declared. */
  readonly rebuild: boolean;
  readonly strict: boolean;
  readonly json: boolean;
  readonly progress: boolean;
  /** With `--set`, `--pause`, `--resume` and `--cancel` alone. */
  readonly control?: ControlArguments;
}

export const DEFAULT_CONNECT_TIMEOUT_MS = 60_000;

type Given = ReadonlyMap<ArgumentName, readonly string[]>;

/**
 * @param argv without the interpreter and the script; may hold the same argument twice, e.g. handed on and passed
 * @throws {ArgumentError} what it does not know, what lacks a value or has a wrong one, what contradicts itself
 */
export function parseArguments(argv: readonly string[]): OneShotArguments {
  const { given, positionals } = collect(argv);
  refuseContradictions(given);
  const control = parseControl(given, positionals);
  if (control === undefined && given.has('why'))
    throw new ArgumentValueError('why', 'tells the reason of nothing');
  const named = control?.names ?? positionals;
  const names = unique([...named, ...(given.get('backfill') ?? []), ...(given.get('status') ?? [])]);
  const phases = phasesOf(given, names);
  refuseOtherPhases(given, phases);
  return {
    ...(control ? { control } : {}),
    action: actionOf(given),
    phases,
    names,
    tenants: unique(given.get('tenant') ?? []),
    maxDurationMs: durationOf(given, 'max-duration'),
    maxWaitMs: durationOf(given, 'max-wait'),
    connectTimeoutMs: durationOf(given, 'connect-timeout') ?? DEFAULT_CONNECT_TIMEOUT_MS,
    retryQuarantined: given.has('retry-quarantined'),
    rebuild: given.has('rebuild'),
    strict: given.has('strict'),
    json: given.has('json'),
    progress: !given.has('no-progress'),
  };
}

/** Each argument that was given, with its values. */
function collect(argv: readonly string[]): { given: Given; positionals: string[] } {
  const given = new Map<ArgumentName, string[]>();
  const positionals: string[] = [];
  const { tokens } = parseArgs({
    // Some package managers pass the `--` on that separates their own arguments from the script's.
    args: argv.filter((argument) => argument !== '--'),
    options: Object.fromEntries(
      ARGUMENT_NAMES.map((name) => [
        name,
        { type: definitionOf(name)?.value ? 'string' : 'boolean' } as const,
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const name = knownName(token.name, token.rawName);
    const values = given.get(name) ?? [];
    given.set(name, values);
    const value = checkedValue(name, token.value, token.inlineValue === true);
    if (value !== undefined) values.push(value);
  }
  return { given, positionals };
}

function knownName(name: string, rawName: string): ArgumentName {
  if (!rawName.startsWith('--') || !definitionOf(name)) throw new UnknownArgumentError(rawName);
  return name as ArgumentName;
}

function checkedValue(name: ArgumentName, value: string | undefined, inline: boolean): string | undefined {
  const definition = definitionOf(name);
  if (definition?.value) {
    if (!value) throw new ArgumentValueError(name, 'needs a value');
    if (!inline && value.startsWith('--')) {
      throw new ArgumentValueError(name, `is followed by ${value} instead of a value`);
    }
    return value;
  }
  // `--backfill=name`
  if (value !== undefined && !definition?.names)
    throw new ArgumentValueError(name, `takes no value, but got "${value}"`);
  if (value === '') throw new ArgumentValueError(name, 'has an empty name after its `=`');
  return value;
}

function refuseContradictions(given: Given): void {
  for (const [one, other, why] of CONTRADICTIONS) {
    if (given.has(one) && given.has(other))
      throw new ContradictoryArgumentsError(`--${one}`, `--${other}`, why);
  }
}

/** @throws NamesWithoutBackfillError when a name could not be a backfill's, as other phases run too */
function phasesOf(given: Given, names: readonly string[]): readonly Phase[] {
  const asked = PHASE_NAMES.filter((phase) => given.has(DEPLOY_FLAG) || given.has(PHASES[phase].flag));
  // `--status` alone looks at every phase, and with names at those backfills.
  if (asked.length === 0) return names.length > 0 ? ['backfill'] : PHASE_NAMES;
  const [name] = names;
  if (name !== undefined && asked.some((phase) => phase !== 'backfill'))
    throw new NamesWithoutBackfillError(name);
  return asked;
}

function refuseOtherPhases(given: Given, phases: readonly Phase[]): void {
  for (const name of given.keys()) {
    const phase = definitionOf(name)?.of;
    if (phase && !phases.includes(phase)) throw new MissingPhaseError(name, PHASES[phase].flag);
  }
}

function actionOf(given: Given): OneShotAction {
  if (given.has('help')) return 'help';
  if (given.has('status')) return 'status';
  if (CONTROL_VERBS.some((verb) => given.has(verb))) return 'control';
  return given.has('plan') ? 'plan' : 'run';
}

/** The same duration twice is one; two different ones are refused. */
function durationOf(given: Given, name: ArgumentName): number | undefined {
  const texts = unique(given.get(name) ?? []);
  const [milliseconds, second] = unique(texts.map((text) => durationFrom(name, text)));
  if (second !== undefined) {
    throw new ContradictoryArgumentsError(
      `--${name} ${texts[0]}`,
      `--${name} ${texts[1]}`,
      'only one can hold',
    );
  }
  return milliseconds;
}

function durationFrom(name: ArgumentName, text: string): number {
  const milliseconds = Math.round(parseDuration(text) ?? 0);
  if (milliseconds > 0) return milliseconds;
  const hours = Math.floor(MAX_TIMER_MS / 3_600_000);
  throw new ArgumentValueError(
    name,
    `cannot be "${text}": it takes a number with a unit (ms, s, m, h), more than zero and at most ${hours}h`,
  );
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
