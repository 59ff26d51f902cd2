import { refuseUnknownOptions } from '../../options/known-options.js';
import { InvalidBackfillOptionError } from '../../options/option.error.js';
import { THROTTLE_BOUNDS } from './throttle.bounds.js';
import type { MaintenanceKind, ThrottleOptions } from './throttle.options.js';

type NumericLimits<Name extends string> = Readonly<Record<Name, number>>;

/** The limits of one backfill; null where a throttle is off. */
export interface ThrottleLimits {
  readonly replicaLag: (NumericLimits<'bytes' | 'seconds'> & { readonly ignore: readonly string[] }) | null;
  readonly replicationSlots:
    (NumericLimits<'bytes' | 'safeBytes'> & { readonly ignore: readonly string[] }) | null;
  readonly walArchive: NumericLimits<'files'> | null;
  readonly maintenance: readonly MaintenanceKind[] | null;
  readonly lockWaiters: NumericLimits<'table' | 'rows'> | null;
  readonly oldestTransaction: NumericLimits<'seconds'> | null;
  readonly activeConnections: NumericLimits<'share'> | null;
  /** Time between two polls, in milliseconds. */
  readonly interval: number;
  /** Time after which a throttle that cannot be read counts as above its limit, in milliseconds. */
  readonly unreadableAfter: number;
}

/** A healthy database does not exceed these limits. docs/pace.md explains each of them. */
export const THROTTLE_DEFAULTS = {
  replicaLag: { bytes: 256 * 1024 * 1024, seconds: 10, ignore: [] },
  replicationSlots: { bytes: 1024 * 1024 * 1024, safeBytes: 64 * 1024 * 1024, ignore: [] },
  walArchive: { files: 64 },
  maintenance: ['wraparound', 'vacuum', 'create-index', 'cluster'],
  lockWaiters: { table: 0, rows: 10 },
  oldestTransaction: { seconds: 3_600 },
  activeConnections: { share: 0.75 },
  interval: 1_000,
  unreadableAfter: 15_000,
} as const satisfies ThrottleLimits;

/** The options to which `throttles: false` is equivalent. */
const ALL_OFF = {
  replicaLag: false,
  replicationSlots: false,
  walArchive: false,
  maintenance: false,
  lockWaiters: false,
  oldestTransaction: false,
  activeConnections: false,
} as const satisfies ThrottleOptions;

/**
 * Merges options over the defaults, field by field, and checks the result.
 *
 * @param given later options override earlier ones
 * @throws InvalidBackfillOptionError naming the option
 */
export function resolveThrottles(
  className: string,
  ...given: readonly (ThrottleOptions | false | undefined)[]
): ThrottleLimits {
  const limits: Record<string, unknown> = { ...THROTTLE_DEFAULTS };
  for (const options of given) {
    if (options !== undefined && options !== false && !isObject(options)) {
      throw new InvalidBackfillOptionError(
        className,
        'throttles',
        `is ${JSON.stringify(options)}`,
        'Give false to turn all of them off, or limits, e.g. `throttles: { lockWaiters: { rows: 10 } }`.',
      );
    }
    refuseUnknownOptions(className, options, { names: Object.keys(THROTTLE_DEFAULTS), path: 'throttles' });
    for (const [name, value] of Object.entries(options === false ? ALL_OFF : (options ?? {}))) {
      if (value !== undefined) limits[name] = merge(className, name, limits[name], value);
    }
  }
  assertInBounds(className, limits);
  return limits as unknown as ThrottleLimits;
}

/** @returns null for a throttle that is turned off */
function merge(className: string, name: string, before: unknown, value: unknown): unknown {
  const defaults: object | number = THROTTLE_DEFAULTS[name as keyof ThrottleLimits];
  if (typeof defaults === 'number') return value;
  if (value === false) return null;
  if (Array.isArray(defaults) ? !Array.isArray(value) : !isObject(value)) {
    const example = JSON.stringify(defaults);
    throw invalid(
      className,
      name,
      `is ${JSON.stringify(value)}`,
      `Give false to turn it off, or e.g. ${example}.`,
    );
  }
  if (Array.isArray(value)) return value;
  refuseUnknownOptions(className, value, { names: Object.keys(defaults), path: `throttles.${name}` });
  const fields = Object.entries(value as object).filter(([, each]) => each !== undefined);
  return { ...(isObject(before) ? before : defaults), ...Object.fromEntries(fields) };
}

function assertInBounds(className: string, limits: Readonly<Record<string, unknown>>): void {
  for (const [path, { isValid, problem, remedy }] of Object.entries(THROTTLE_BOUNDS)) {
    const value = valueAt(limits, path);
    if (value === null || isValid(value)) continue;
    throw invalid(className, path, problem?.(value) ?? `is ${JSON.stringify(value)}`, remedy);
  }
}

/** @returns null for a throttle that is turned off */
function valueAt(limits: Readonly<Record<string, unknown>>, path: string): unknown {
  const [name = '', field] = path.split('.');
  const value = limits[name];
  if (field === undefined || value === null) return value;
  return (value as Readonly<Record<string, unknown>>)[field];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(
  className: string,
  option: string,
  problem: string,
  remedy: string,
): InvalidBackfillOptionError {
  return new InvalidBackfillOptionError(className, `throttles.${option}`, problem, remedy);
}
