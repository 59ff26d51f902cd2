import { refuseUnknownOptions } from '../../options/known-options.js';
import { InvalidBackfillOptionError } from '../../options/option.error.js';
import { MAINTENANCE_KINDS, type MaintenanceKind, type ThrottleOptions } from './throttle.options.js';

type Numbers<Name extends string> = Readonly<Record<Name, number>>;

/** Every throttle's limit, decided; null where it is off. */
export interface ThrottleLimits {
  readonly replicaLag: (Numbers<'bytes' | 'seconds'> & { readonly ignore: readonly string[] }) | null;
  readonly walArchive: Numbers<'files'> | null;
  readonly maintenance: readonly MaintenanceKind[] | null;
  readonly lockWaiters: Numbers<'table' | 'rows'> | null;
  readonly oldestTransaction: Numbers<'seconds'> | null;
  readonly activeConnections: Numbers<'share'> | null;
  readonly interval: number;
  readonly unreadableAfter: number;
}

/** Limits that a database in good health stays below; see docs/pace.md for why each is where it is. */
export const THROTTLE_DEFAULTS = {
  replicaLag: { bytes: 256 * 1024 * 1024, seconds: 10, ignore: [] },
  walArchive: { files: 64 },
  maintenance: ['wraparound', 'vacuum', 'create-index', 'cluster'],
  lockWaiters: { table: 0, rows: 10 },
  oldestTransaction: { seconds: 3_600 },
  activeConnections: { share: 0.75 },
  interval: 1_000,
  unreadableAfter: 15_000,
} as const satisfies ThrottleLimits;

const OFF = {
  replicaLag: false,
  walArchive: false,
  maintenance: false,
  lockWaiters: false,
  oldestTransaction: false,
  activeConnections: false,
} as const satisfies ThrottleOptions;

/** `[least, most, unit]`; whole numbers, except the share. */
const BOUNDS: Readonly<Record<string, readonly [number, number, string]>> = {
  'replicaLag.bytes': [0, Number.MAX_SAFE_INTEGER, 'bytes'],
  'replicaLag.seconds': [0, 86_400, 'seconds'],
  'walArchive.files': [0, 1_000_000, 'files'],
  'lockWaiters.table': [0, 1_000_000, 'sessions'],
  'lockWaiters.rows': [0, 1_000_000, 'sessions'],
  'oldestTransaction.seconds': [0, 31_536_000, 'seconds'],
  interval: [10, 60_000, 'milliseconds'],
  unreadableAfter: [0, 3_600_000, 'milliseconds'],
};

/**
 * The options given, checked; what is given later wins, field by field.
 * @throws InvalidBackfillOptionError naming the option
 */
export function decideThrottles(
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
    for (const [name, value] of Object.entries(options === false ? OFF : (options ?? {}))) {
      if (value !== undefined) limits[name] = merged(className, name, limits[name], value);
    }
  }
  check(className, limits);
  return limits as unknown as ThrottleLimits;
}

function merged(className: string, name: string, before: unknown, value: unknown): unknown {
  const fallback: object | number = THROTTLE_DEFAULTS[name as keyof ThrottleLimits];
  if (typeof fallback === 'number') return value;
  if (value === false) return null;
  if (Array.isArray(fallback) ? !Array.isArray(value) : !isObject(value)) {
    const example = JSON.stringify(fallback);
    throw invalid(
      className,
      name,
      `is ${JSON.stringify(value)}`,
      `Give false to turn it off, or e.g. ${example}.`,
    );
  }
  if (Array.isArray(value)) return value;
  refuseUnknownOptions(className, value, { names: Object.keys(fallback), path: `throttles.${name}` });
  const fields = Object.entries(value as object).filter(([, each]) => each !== undefined);
  return { ...(isObject(before) ? before : fallback), ...Object.fromEntries(fields) };
}

function check(className: string, limits: Readonly<Record<string, unknown>>): void {
  for (const [path, [least, most, unit]] of Object.entries(BOUNDS)) {
    const value = at(limits, path);
    if (value === null) continue;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw invalid(
        className,
        path,
        `is ${JSON.stringify(value)}`,
        `Give a whole number of ${unit} from ${least} to ${most}.`,
      );
    }
  }
  const share = at(limits, 'activeConnections.share');
  if (share !== null && !(typeof share === 'number' && share >= 0 && share <= 1)) {
    throw invalid(
      className,
      'activeConnections.share',
      `is ${JSON.stringify(share)}`,
      'Give a number from 0 to 1.',
    );
  }
  const kinds = at(limits, 'maintenance') as readonly unknown[] | null;
  const known: readonly unknown[] = MAINTENANCE_KINDS;
  const unknown = kinds?.find((kind) => !known.includes(kind));
  if (unknown !== undefined) {
    throw invalid(
      className,
      'maintenance',
      `names ${JSON.stringify(unknown)}`,
      `It takes ${MAINTENANCE_KINDS.join(', ')}.`,
    );
  }
  const ignore = at(limits, 'replicaLag.ignore');
  if (ignore !== null && !(Array.isArray(ignore) && ignore.every((name) => typeof name === 'string'))) {
    throw invalid(
      className,
      'replicaLag.ignore',
      'is not a list of names',
      'Give the replicas’ application_name, e.g. ["delayed"].',
    );
  }
}

/** Null where the throttle is off. */
function at(limits: Readonly<Record<string, unknown>>, path: string): unknown {
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
