import type { PaceOptions } from './backfill.options.js';
import { InvalidBackfillOptionError } from './declaration.error.js';

/** Every setting of a run, decided. */
export type Pace = Required<PaceOptions>;

/** Where a run starts, and what it falls back to. */
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
  workers: 1,
  maxWorkers: 1,
} as const satisfies Pace;

/** The pause that a healthy database earns with `'auto'`, as a share of the time that a batch takes. */
export const PAUSE_SHARE = 0.5;

/** The least and the most that make sense: `[least, most, unit]`. */
export const PACE_BOUNDS = {
  batchSize: [1, 100_000, 'rows'],
  maxBatchSize: [1, 100_000, 'rows'],
  targetDuration: [1, 60_000, 'milliseconds'],
  pause: [0, 3_600_000, "milliseconds, or 'auto',"],
  lockTimeout: [1, 86_400_000, 'milliseconds'],
  statementTimeout: [1, 86_400_000, 'milliseconds'],
  idleInTransactionTimeout: [1, 86_400_000, 'milliseconds'],
  maxQuarantined: [0, Number.MAX_SAFE_INTEGER, 'rows'],
  progressEvery: [1, Number.MAX_SAFE_INTEGER, 'batches'],
  workers: [1, 100, 'workers'],
  maxWorkers: [1, 1_000, 'workers'],
} as const;

/** The options given, checked; what is given later wins. @throws InvalidBackfillOptionError naming the option */
export function decidePace(className: string, ...given: readonly PaceOptions[]): Pace {
  const pace: Record<string, unknown> = { ...PACE_DEFAULTS };
  for (const options of given) {
    for (const name of Object.keys(PACE_DEFAULTS) as (keyof Pace)[]) {
      if (options[name] !== undefined) pace[name] = options[name];
    }
  }
  const isGiven = (name: keyof Pace) => given.some((options) => options[name] !== undefined);
  // A size that somebody chose is kept to, unless they say up to where it may grow.
  if (isGiven('batchSize') && !isGiven('maxBatchSize')) pace['maxBatchSize'] = pace['batchSize'];
  if (!isGiven('maxWorkers')) pace['maxWorkers'] = pace['workers'];
  checkPace(className, pace);
  if (Number(pace['maxBatchSize']) < Number(pace['batchSize'])) {
    throw new InvalidBackfillOptionError(
      className,
      'maxBatchSize',
      `is ${String(pace['maxBatchSize'])}, less than the batchSize of ${String(pace['batchSize'])}`,
      'Give the rows up to which a batch may grow, or leave it out.',
    );
  }
  return pace as unknown as Pace;
}

/**
 * Each value for itself; what is not given is not looked at.
 *
 * @param path of the object that holds the options, e.g. `defaults`; empty for the outermost
 * @throws InvalidBackfillOptionError naming the option
 */
export function checkPace(className: string, given: PaceOptions, path = ''): void {
  const invalid = (name: string, value: unknown, remedy: string) => {
    const option = path === '' ? name : `${path}.${name}`;
    return new InvalidBackfillOptionError(className, option, `is ${shown(value)}`, remedy);
  };
  for (const [name, [least, most, unit]] of Object.entries(PACE_BOUNDS)) {
    const value: unknown = given[name as keyof typeof PACE_BOUNDS];
    if (value === undefined || (name === 'pause' && value === 'auto')) continue;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) continue;
    const plainly = typeof value === 'string' ? ', as a number without quotes and unit' : '';
    throw invalid(name, value, `Give a whole number of ${unit} from ${least} to ${most}${plainly}.`);
  }
  const commit: unknown = given.synchronousCommit;
  if (commit !== undefined && commit !== 'on' && commit !== 'off')
    throw invalid('synchronousCommit', commit, "Give 'on' or 'off'.");
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
