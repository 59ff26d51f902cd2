import { ArgumentValueError, ContradictoryArgumentsError } from './arguments.error.js';
import type { GivenArguments } from './arguments.tokenizer.js';

/** A command about the ledger itself: what it keeps, and who may use it. */
export type HousekeepingArguments =
  | {
      readonly verb: 'prune';
      /** The age up to which records are kept, in milliseconds; undefined for the default. */
      readonly keepMs: number | undefined;
    }
  | {
      readonly verb: 'forget';
      /** Names of backfills, at least one. */
      readonly names: readonly string[];
    }
  | {
      readonly verb: 'grants';
      /** The role that deploys, and perhaps that of the application; empty for the role of the connection. */
      readonly roles: readonly string[];
    };

export const HOUSEKEEPING_VERBS = ['prune', 'forget', 'grants'] as const;

const HOUR_MS = 3_600_000;
const UNITS_MS = { h: HOUR_MS, d: 24 * HOUR_MS } as const;
/** A hundred years. */
const MAX_DAYS = 36_500;

/**
 * @returns undefined without `--prune`, `--forget` and `--grants`
 * @throws {ArgumentError}
 */
export function parseHousekeeping(
  given: GivenArguments,
  positionals: readonly string[],
): HousekeepingArguments | undefined {
  if (given.has('prune')) {
    const [word] = positionals;
    if (word !== undefined)
      throw new ArgumentValueError('prune', `takes no name, but got "${word}": it is about the whole ledger`);
    return { verb: 'prune', keepMs: keepOf(given.get('keep') ?? []) };
  }
  if (given.has('grants')) return { verb: 'grants', roles: rolesOf(given, positionals) };
  if (!given.has('forget')) return undefined;
  const names = [...new Set([...(given.get('forget') ?? []), ...positionals])];
  if (names.length === 0) throw new ArgumentValueError('forget', 'needs the name of a backfill');
  return { verb: 'forget', names };
}

function rolesOf(given: GivenArguments, positionals: readonly string[]): readonly string[] {
  const roles = [...new Set([...(given.get('grants') ?? []), ...positionals])];
  if (roles.length > 2)
    throw new ArgumentValueError('grants', `takes two roles at most, but got ${roles.join(', ')}`);
  return roles;
}

function keepOf(texts: readonly string[]): number | undefined {
  const [first, second] = [...new Set(texts)];
  if (second !== undefined)
    throw new ContradictoryArgumentsError(`--keep ${first}`, `--keep ${second}`, 'it takes only one value');
  if (first === undefined) return undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)(h|d)$/.exec(first) ?? [];
  const keepMs = unit === undefined ? 0 : Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (keepMs < UNITS_MS.d || keepMs > MAX_DAYS * UNITS_MS.d)
    throw new ArgumentValueError(
      'keep',
      `cannot be "${first}": it takes a number with a unit (h, d), at least 1d and at most ${MAX_DAYS}d`,
    );
  return keepMs;
}
