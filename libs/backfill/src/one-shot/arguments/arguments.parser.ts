import { CONTROL_VERBS } from '../../report/control-report.js';
import { PHASES, type Phase } from '../../deploy/phases.js';
import { parseDuration } from '../../text/duration.parser.js';
import { MAX_TIMER_MS } from '../../text/timers.js';
import type { OneShotAction } from '../one-shot.action.js';
import { ARGUMENT_CONFLICTS } from './arguments.conflicts.js';
import {
  ArgumentValueError,
  ContradictoryArgumentsError,
  MissingCompanionError,
  MissingPhaseError,
  NamesWithoutBackfillError,
} from './arguments.error.js';
import { definitionOf, type ArgumentName } from './arguments.table.js';
import { SHELLS, type Shell } from './completion.script.js';
import { tokenizeArguments, type GivenArguments } from './arguments.tokenizer.js';
import { parseControl } from './control.arguments.js';
import { HOUSEKEEPING_VERBS, parseHousekeeping } from './housekeeping.arguments.js';
import { misplacedArgument } from './misplaced.argument.js';
import {
  DEFAULT_CONNECT_TIMEOUT_MS,
  LOG_FORMATS,
  type LogFormat,
  type OneShotArguments,
} from './one-shot.arguments.js';

/**
 * @param argv without the interpreter and the script. The same argument may appear twice, e.g. inherited from
 *   `nest start` and passed to the application.
 * @throws {ArgumentError} for an unknown argument, a missing or wrong value, and a contradiction
 */
export function parseArguments(argv: readonly string[]): OneShotArguments {
  const misplaced = misplacedArgument(argv);
  if (misplaced) throw misplaced;
  const { given, positionals } = tokenizeArguments(argv);
  assertNoConflict(given);
  const control = parseControl(given, positionals);
  assertCompanions(given);
  const housekeeping = parseHousekeeping(given, positionals);
  const names = unique([
    ...(housekeeping ? [] : (control?.names ?? positionals)),
    ...(given.get('backfill') ?? []),
    ...(given.get('status') ?? []),
  ]);
  const phases: readonly Phase[] = housekeeping ? ['backfill'] : phasesOf(given, names);
  assertPhases(given, phases);
  return {
    ...(control ? { control } : {}),
    ...(housekeeping ? { housekeeping } : {}),
    action: actionOf(given),
    phases,
    names,
    tenants: unique(given.get('tenant') ?? []),
    targets: unique(given.get('target') ?? []),
    maxDurationMs: durationOf(given, 'max-duration'),
    maxWaitMs: durationOf(given, 'max-wait'),
    connectTimeoutMs: durationOf(given, 'connect-timeout') ?? DEFAULT_CONNECT_TIMEOUT_MS,
    retryQuarantined: given.has('retry-quarantined'),
    rebuild: given.has('rebuild'),
    strict: given.has('strict'),
    json: given.has('json'),
    logFormat: logFormatOf(given),
    progress: !given.has('no-progress'),
    verbose: given.has('verbose'),
    ...shellOf(given),
  };
}

/** @throws {MissingCompanionError} for an argument without one of those that it belongs to */
function assertCompanions(given: GivenArguments): void {
  for (const name of given.keys()) {
    const { belongsTo } = definitionOf(name) ?? {};
    if (belongsTo && !belongsTo.some((other) => given.has(other as ArgumentName)))
      throw new MissingCompanionError(name);
  }
}

function assertNoConflict(given: GivenArguments): void {
  for (const [first, second, reason] of ARGUMENT_CONFLICTS) {
    if (given.has(first) && given.has(second))
      throw new ContradictoryArgumentsError(`--${first}`, `--${second}`, reason);
  }
}

/** @throws {NamesWithoutBackfillError} for a name in a run that has other phases than the backfills */
function phasesOf(given: GivenArguments, names: readonly string[]): readonly Phase[] {
  const [name] = names;
  const phases = PHASES.filter((phase) => given.has('deploy') || given.has(phase));
  // `--status` without a phase shows all phases; with names it shows these backfills.
  if (phases.length === 0) return name === undefined ? PHASES : ['backfill'];
  if (name !== undefined && phases.some((phase) => phase !== 'backfill'))
    throw new NamesWithoutBackfillError(name);
  return phases;
}

function shellOf(given: GivenArguments): { readonly shell?: Shell } {
  const [text] = given.get('completion') ?? [];
  if (text === undefined) return {};
  const shell = SHELLS.find((each) => each === text);
  if (shell === undefined)
    throw new ArgumentValueError('completion', `cannot be "${text}": it takes ${SHELLS.join(', ')}`);
  return { shell };
}

/** @throws {ArgumentValueError} */
function logFormatOf(given: GivenArguments): LogFormat {
  const texts = unique(given.get('log-format') ?? []);
  const [text = 'text'] = texts;
  const format = LOG_FORMATS.find((each) => each === text);
  if (format === undefined || texts.length > 1)
    throw new ArgumentValueError(
      'log-format',
      `cannot be "${texts.join(', ')}": it takes ${LOG_FORMATS.join(' or ')}`,
    );
  if (texts[0] === 'text' && given.has('json'))
    throw new ContradictoryArgumentsError('--log-format text', '--json', '--json writes its log as JSON');
  return format;
}

function assertPhases(given: GivenArguments, phases: readonly Phase[]): void {
  for (const name of given.keys()) {
    const phase = definitionOf(name)?.phase;
    if (phase && !phases.includes(phase)) throw new MissingPhaseError(name, phase);
  }
}

function actionOf(given: GivenArguments): OneShotAction {
  if (given.has('help')) return 'help';
  if (given.has('completion')) return 'completion';
  if (given.has('status')) return 'status';
  if (HOUSEKEEPING_VERBS.some((verb) => given.has(verb))) return 'housekeeping';
  if (CONTROL_VERBS.some((verb) => given.has(verb))) return 'control';
  return given.has('plan') ? 'plan' : 'run';
}

/** @throws {ContradictoryArgumentsError} for two different durations; the same duration twice is allowed */
function durationOf(given: GivenArguments, name: ArgumentName): number | undefined {
  const texts = unique(given.get(name) ?? []);
  const [milliseconds, second] = unique(texts.map((text) => parseDurationOf(name, text)));
  if (second !== undefined) {
    throw new ContradictoryArgumentsError(
      `--${name} ${texts[0]}`,
      `--${name} ${texts[1]}`,
      'it takes only one value',
    );
  }
  return milliseconds;
}

function parseDurationOf(name: ArgumentName, text: string): number {
  const milliseconds = Math.round(parseDuration(text) ?? 0);
  if (milliseconds > 0) return milliseconds;
  const maxHours = Math.floor(MAX_TIMER_MS / 3_600_000);
  throw new ArgumentValueError(
    name,
    `cannot be "${text}": it takes a number with a unit (ms, s, m, h), more than zero and at most ${maxHours}h`,
  );
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
