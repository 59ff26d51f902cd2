/**
 * How a table grows.
 * - `lookup`: configuration or a list that people maintain; it stays small
 * - `growing`: one row for each event, customer or transaction
 *
 * @publicApi
 */
export type TableGrowth = 'lookup' | 'growing';

/**
 * The growth or the number of rows of tables, by name with or without schema. The name of a table decides if
 * it is missing here.
 *
 * @publicApi
 */
export type TableSizes = ReadonlyMap<string, TableGrowth | number>;

/** PostgreSQL rewrites a table of this size in less than the `lock_timeout` of migrations. */
const MAX_LOOKUP_ROWS = 10_000;

const LOOKUP_WORDS = new Set(
  `config configs configuration configurations setting settings option options meta metadata parameter parameters param params feature features flag flags
  toggle toggles role roles permission permissions privilege privileges scope scopes type types kind kinds status statuses state states category categories
  country countries currency currencies language languages locale locales region regions province provinces timezone timezones template templates plan plans
  tier tiers lookup lookups enum enums reference references reason reasons priority priorities size sizes rule rules integration integrations system
  migration migrations version versions code codes dictionary icon icons theme themes provider providers
  level levels mode modes format formats label labels changelog`.split(/\s+/),
);

/** A table with rows for each of these grows with them, even if its name also has a lookup word. */
const PER_OWNER =
  /(?:^|_)(?:users?|accounts?|tenants?|customers?|members?|employees?|contacts?|leads?|orders?|transactions?|payments?|notes?|messages?|logs?|events?|histor(?:y|ies)|sessions?|notifications?|audit)(?:_|$)/;

export function growthOf(table: string, sizes: TableSizes): TableGrowth {
  const bare = table.slice(table.lastIndexOf('.') + 1);
  const known = sizes.get(table) ?? sizes.get(bare);
  if (typeof known === 'number') return known <= MAX_LOOKUP_ROWS ? 'lookup' : 'growing';
  if (known) return known;
  const words = bare.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
  if (PER_OWNER.test(words)) return 'growing';
  return words.split('_').some((word) => LOOKUP_WORDS.has(word)) ? 'lookup' : 'growing';
}
