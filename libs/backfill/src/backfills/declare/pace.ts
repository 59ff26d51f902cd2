import { optionPath, showOption } from '../../options/known-options.js';
import { describeBounds, isWithin } from '../../options/number-bounds.js';
import { InvalidBackfillOptionError } from '../../options/option.error.js';
import type { PaceOptions } from './backfill.options.js';
import { PACE_BOUNDS, PACE_CHOICES, type PaceBounds } from './pace.bounds.js';

/** All pace options, with the defaults applied. */
export type Pace = Required<PaceOptions>;

export const PACE_DEFAULTS = {
  batchSize: 200,
  maxBatchSize: 2_000,
  targetDuration: 20,
  pause: 'auto',
  lockTimeout: 60_000,
  statementTimeout: 120_000,
  idleInTransactionTimeout: 120_000,
  maxQuarantined: 1000,
  progressEvery: 10,
  synchronousCommit: 'off',
  order: 'auto',
  stripes: 'auto',
  workers: 1,
  maxWorkers: 1,
} as const satisfies Pace;

/**
 * The time for which the server rests after a batch, as a share of the server's time for it. It applies with
 * `pause: 'auto'`.
 */
export const PAUSE_SHARE = 0.25;
/** A batch that takes longer than this factor times `targetDuration` means that the database is overloaded. */
export const OVERLOAD_FACTOR = 5;

/**
 * Merges options in order, so that a later value replaces an earlier one, and checks the result.
 *
 * @throws InvalidBackfillOptionError naming the option
 */
export function resolvePace(className: string, ...given: readonly PaceOptions[]): Pace {
  const pace: Record<string, unknown> = { ...PACE_DEFAULTS };
  for (const options of given) {
    for (const name of Object.keys(PACE_DEFAULTS) as (keyof Pace)[]) {
      if (options[name] !== undefined) pace[name] = options[name];
    }
  }
  const isGiven = (name: keyof Pace) => given.some((options) => options[name] !== undefined);
  // An explicit batch size does not grow, unless the maximum is explicit too.
  if (isGiven('batchSize') && !isGiven('maxBatchSize')) pace['maxBatchSize'] = pace['batchSize'];
  if (!isGiven('maxWorkers')) pace['maxWorkers'] = pace['workers'];
  checkPace(className, pace);
  if (Number(pace['maxBatchSize']) < Number(pace['batchSize'])) {
    throw new InvalidBackfillOptionError(
      className,
      'maxBatchSize',
      `is ${showOption(pace['maxBatchSize'])}, less than the batchSize of ${showOption(pace['batchSize'])}`,
      'Give a maximum that is not less than `batchSize`, or leave it out.',
    );
  }
  return pace as unknown as Pace;
}

/**
 * Checks each given value separately.
 *
 * @param path of the object that holds the options, e.g. `defaults`; empty for the top level
 * @throws InvalidBackfillOptionError naming the option
 */
export function checkPace(className: string, given: PaceOptions, path = ''): void {
  for (const [name, bounds] of Object.entries(PACE_BOUNDS)) {
    const value: unknown = given[name as keyof typeof PACE_BOUNDS];
    const problem = value === undefined ? null : remedyFor(value, bounds);
    if (problem !== null) throw invalid(className, optionPath(path, name), value, problem);
  }
  for (const [name, choices] of Object.entries(PACE_CHOICES)) {
    const value: unknown = given[name as keyof typeof PACE_CHOICES];
    if (value === undefined || (choices as readonly unknown[]).includes(value)) continue;
    const quoted = choices.map((choice) => `'${choice}'`);
    const remedy = `Give ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}.`;
    throw invalid(className, optionPath(path, name), value, remedy);
  }
}

/** Null when the value is valid. */
function remedyFor(value: unknown, bounds: PaceBounds): string | null {
  if (isWithin(value, bounds) || (bounds.canBeAuto && value === 'auto')) return null;
  const auto = bounds.canBeAuto ? ", or 'auto'" : '';
  const asNumber = typeof value === 'string' ? ', as a number without quotes and unit' : '';
  return `Give ${describeBounds(bounds)}${asNumber}${auto}.`;
}

function invalid(
  className: string,
  option: string,
  value: unknown,
  remedy: string,
): InvalidBackfillOptionError {
  return new InvalidBackfillOptionError(className, option, `is ${showOption(value)}`, remedy);
}
