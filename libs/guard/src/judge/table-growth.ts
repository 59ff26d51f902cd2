/**
 * How a table grows.
 * - `lookup`: configuration, or a list that people maintain: small for ever
 * - `growing`: a row per event, customer or transaction
 */
export type TableGrowth = 'lookup' | 'growing';

/** Rows or growth of tables by name, with or without schema; what is not listed is told by its name. */
export type TableSizes = ReadonlyMap<string, TableGrowth | number>;

/** A table up to this many rows is rewritten in well under the DDL `lock_timeout`. */
export const LOOKUP_ROWS = 10_000;

const LOOKUP_WORDS = new Set(
  `config configs configuration configurations setting settings option options meta metadata parameter parameters param params feature features flag flags
  toggle toggles role roles permission permissions privilege privileges scope scopes type types kind kinds status statuses state states category categories
  country countries currency currencies language languages locale locales region regions province provinces timezone timezones template templates plan plans
  tier tiers lookup lookups enum enums reference references reason reasons priority priorities size sizes rule rules integration integrations system
  migration migrations version versions code codes dictionary icon icons theme themes provider providers
  level levels mode modes format formats label labels changelog`.split(/\s+/),
);

/** A row for each of these makes a table grow with them, whatever its last word. */
const PER_OWNER =
  /(?:^|_)(?:users?|accounts?|tenants?|customers?|members?|employees?|contacts?|leads?|orders?|transactions?|payments?|notes?|messages?|logs?|events?|histor(?:y|ies)|sessions?|notifications?|audit)(?:_|$)/;

export function growthOf(table: string, sizes: TableSizes): TableGrowth {
  const bare = table.slice(table.lastIndexOf('.') + 1);
  const known = sizes.get(table) ?? sizes.get(bare);
  if (typeof known === 'number') return known <= LOOKUP_ROWS ? 'lookup' : 'growing';
  if (known) return known;
  const words = bare.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
  if (PER_OWNER.test(words)) return 'growing';
  return words.split('_').some((word) => LOOKUP_WORDS.has(word)) ? 'lookup' : 'growing';
}

/** Is the size known, rather than told by the name? */
export function isMeasured(table: string, sizes: TableSizes): boolean {
  return sizes.has(table) || sizes.has(table.slice(table.lastIndexOf('.') + 1));
}
