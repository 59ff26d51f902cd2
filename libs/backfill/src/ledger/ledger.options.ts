import { MODULE_NAME, showOption } from '../options/known-options.js';
import { InvalidBackfillOptionError } from '../options/option.error.js';

/** Where the ledger is, and how long its leases last. */
export interface LedgerModuleOptions {
  /** The schema of the ledger's tables, in each data source's database. @default 'nestjs_backfill' */
  readonly schema: string;
  /** Milliseconds. @default 30_000 */
  readonly leaseDuration: number;
}

/** The token of the checked `LedgerModuleOptions`. */
export const LEDGER_OPTIONS = Symbol('nestjs-backfill:ledger-options');

export const LEDGER_DEFAULTS = {
  schema: 'nestjs_backfill',
  leaseDuration: 30_000,
} as const satisfies LedgerModuleOptions;

/** PostgreSQL cuts longer names off. */
const MAX_SCHEMA_LENGTH = 63;

const MIN_LEASE_DURATION = 1_000;

/** @throws InvalidBackfillOptionError naming the option */
export function resolveLedgerOptions(given: Partial<LedgerModuleOptions>): LedgerModuleOptions {
  const { schema, leaseDuration }: LedgerModuleOptions = { ...LEDGER_DEFAULTS, ...given };
  if (typeof schema !== 'string' || schema.trim() === '' || schema.length > MAX_SCHEMA_LENGTH) {
    throw new InvalidBackfillOptionError(
      MODULE_NAME,
      'schema',
      `is ${showOption(schema)}`,
      `Give the name of a schema for the ledger alone, up to ${MAX_SCHEMA_LENGTH} characters long, e.g. "nestjs_backfill".`,
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
