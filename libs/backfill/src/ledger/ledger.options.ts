import { MODULE_NAME, showOption } from '../options/known-options.js';
import { InvalidBackfillOptionError } from '../options/option.error.js';

/** The options of the ledger and its leases. */
export interface LedgerModuleOptions {
  /** The schema of the ledger's tables, in each data source's database. @default 'nestjs_backfill' */
  readonly schema: string;
  /** The duration of a lease in milliseconds, at least 1,000. @default 30_000 */
  readonly leaseDuration: number;
}

/** The injection token of the validated `LedgerModuleOptions`. */
export const LEDGER_OPTIONS = Symbol.for('nestjs-backfill:ledger-options');

export const LEDGER_DEFAULTS = {
  schema: 'nestjs_backfill',
  leaseDuration: 30_000,
} as const satisfies LedgerModuleOptions;

/** PostgreSQL truncates longer names. */
const MAX_SCHEMA_LENGTH = 63;

/** In milliseconds. */
const MIN_LEASE_DURATION = 1_000;

/**
 * Adds the defaults and validates the options.
 *
 * @throws InvalidBackfillOptionError that names the invalid option
 */
export function resolveLedgerOptions(given: Partial<LedgerModuleOptions>): LedgerModuleOptions {
  const { schema, leaseDuration }: LedgerModuleOptions = { ...LEDGER_DEFAULTS, ...given };
  if (typeof schema !== 'string' || schema.trim() === '' || schema.length > MAX_SCHEMA_LENGTH) {
    throw new InvalidBackfillOptionError(
      MODULE_NAME,
      'schema',
      `is ${showOption(schema)}`,
      `Give the name of a schema that only the ledger uses, at most ${MAX_SCHEMA_LENGTH} characters long, e.g. "nestjs_backfill".`,
    );
  }
  if (!Number.isInteger(leaseDuration) || leaseDuration < MIN_LEASE_DURATION) {
    throw new InvalidBackfillOptionError(
      MODULE_NAME,
      'leaseDuration',
      `is ${showOption(leaseDuration)}`,
      `Give a whole number of milliseconds, at least ${MIN_LEASE_DURATION}.`,
    );
  }
  return { schema, leaseDuration };
}
