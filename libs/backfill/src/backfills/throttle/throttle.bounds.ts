import { MAINTENANCE_KINDS } from './throttle.options.js';

/** The valid values of one option, and the error message for any other value. */
interface OptionBounds {
  readonly isValid: (value: unknown) => boolean;
  /** @default `is <value>` */
  readonly problem?: (value: unknown) => string;
  readonly remedy: string;
}

/** By the path of the option in `throttles`. */
export const THROTTLE_BOUNDS: Readonly<Record<string, OptionBounds>> = {
  'replicaLag.bytes': integer('bytes', 0, Number.MAX_SAFE_INTEGER),
  'replicaLag.seconds': integer('seconds', 0, 86_400),
  'replicaLag.ignore': {
    isValid: (names) => Array.isArray(names) && names.every((name) => typeof name === 'string'),
    problem: () => 'is not a list of names',
    remedy: 'Give the `application_name` of each replica, e.g. ["delayed"].',
  },
  'replicationSlots.bytes': integer('bytes', 0, Number.MAX_SAFE_INTEGER),
  'replicationSlots.safeBytes': integer('bytes', 0, Number.MAX_SAFE_INTEGER),
  'replicationSlots.ignore': {
    isValid: (names) => Array.isArray(names) && names.every((name) => typeof name === 'string'),
    problem: () => 'is not a list of names',
    remedy: 'Give the name of each slot, e.g. ["search_index"].',
  },
  'walArchive.files': integer('files', 0, 1_000_000),
  maintenance: {
    isValid: (kinds) => unknownKind(kinds) === undefined,
    problem: (kinds) => `names ${JSON.stringify(unknownKind(kinds))}`,
    remedy: `It takes ${MAINTENANCE_KINDS.join(', ')}.`,
  },
  'lockWaiters.table': integer('sessions', 0, 1_000_000),
  'lockWaiters.rows': integer('sessions', 0, 1_000_000),
  'oldestTransaction.seconds': integer('seconds', 0, 31_536_000),
  'activeConnections.share': {
    isValid: (share) => typeof share === 'number' && share >= 0 && share <= 1,
    remedy: 'Give a number from 0 to 1.',
  },
  interval: integer('milliseconds', 10, 60_000),
  unreadableAfter: integer('milliseconds', 0, 3_600_000),
};

function integer(unit: string, minimum: number, maximum: number): OptionBounds {
  return {
    isValid: (value) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
    remedy: `Give a whole number of ${unit} from ${minimum} to ${maximum}.`,
  };
}

function unknownKind(kinds: unknown): unknown {
  const known: readonly unknown[] = MAINTENANCE_KINDS;
  return (kinds as readonly unknown[]).find((kind) => !known.includes(kind));
}
