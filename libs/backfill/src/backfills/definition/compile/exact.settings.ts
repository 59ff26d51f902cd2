import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { BackfillKind } from '../../../report/backfill-kind.js';

/** Each value of `float4` and `float8` has a text of its own. */
const EXACT_NUMBERS = { extra_float_digits: '1' } as const;
/** What node-postgres can read. `DateStyle` keeps the order of day and month that the role has for input. */
const READABLE = {
  ...EXACT_NUMBERS,
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  bytea_output: 'hex',
} as const;
/** The text of an amount is a number with a sign of the currency. */
const AMOUNTS = { lc_monetary: 'C' } as const;
/** Types of a key, or of elements of it, whose text is exact or unambiguous only with some settings. */
const DEPENDENT_TYPES = /float|real|double|interval|range|multirange|\[\]$/i;
const AMOUNT_TYPES = /\bmoney\b/;

/**
 * Settings of each transaction with which values are read and written back exactly, whatever the role, the database or
 * the server has. Only where values pass as text: in the code of `transform` and `process`, and in keys of some types.
 */
export function exactSettings(
  kind: BackfillKind,
  key: readonly ColumnMetadata[],
): Readonly<Record<string, string>> {
  return {
    ...(kind === 'transform' || kind === 'process' ? READABLE : {}),
    ...exactKeySettings(key.map(({ type, isArray }) => `${String(type)}${isArray ? '[]' : ''}`)),
  };
}

/** @param types of the key as the entity declares them, or as they are in the database: a domain may hide its own */
export function exactKeySettings(types: readonly string[]): Readonly<Record<string, string>> {
  return {
    ...(types.some((type) => DEPENDENT_TYPES.test(type))
      ? { ...EXACT_NUMBERS, DateStyle: 'ISO', IntervalStyle: 'postgres' }
      : {}),
    ...(types.some((type) => AMOUNT_TYPES.test(type)) ? AMOUNTS : {}),
  };
}
