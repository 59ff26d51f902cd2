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
  toggle toggles role roles permission permissions privilege privileges scope scopes type types kind kinds status statuses category categories
  country countries currency currencies language languages locale locales timezone timezones template templates plan plans
  tier tiers lookup lookups enum enums priority priorities rule rules integration integrations
  dictionary icon icons theme themes provider providers changelog`.split(/\s+/),
);

/** A table with rows for each of these grows with them, even if its name also has a lookup word. */
const PER_OWNER =
  /(?:^|_)(?:users?|accounts?|tenants?|customers?|members?|employees?|contacts?|leads?|orders?|transactions?|payments?|notes?|messages?|logs?|events?|histor(?:y|ies)|sessions?|notifications?|audit)(?:_|$)/;

/** What is known about the tables before their names decide. */
export interface KnownTables {
  readonly sizes: TableSizes;
  /** Tables that have only rows that migrations insert as constants, in lower case: see `TableHistory`. */
  readonly seeded: ReadonlySet<string>;
}

/** Sizes decide first, then what the migrations tell, then the name. */
export function growthOf(table: string, { sizes, seeded }: KnownTables): TableGrowth {
  const bare = table.slice(table.lastIndexOf('.') + 1);
  const known = sizes.get(table) ?? sizes.get(bare);
  if (typeof known === 'number') return known <= MAX_LOOKUP_ROWS ? 'lookup' : 'growing';
  if (known) return known;
  const words = bare.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
  // `event_kinds` with seeds is a list of kinds, not of events.
  if (seeded.has(bare.toLowerCase()) && LOOKUP_WORDS.has(words.split(/[_-]/).at(-1) ?? '')) return 'lookup';
  if (PER_OWNER.test(words)) return 'growing';
  if (seeded.has(bare.toLowerCase())) return 'lookup';
  return words.split(/[_-]/).some((word) => LOOKUP_WORDS.has(word)) ? 'lookup' : 'growing';
}

/** Why a table counts as small, for messages. */
function whySmall(table: string, { sizes, seeded }: KnownTables): string {
  const bare = table.slice(table.lastIndexOf('.') + 1);
  if (sizes.has(table) || sizes.has(bare)) return 'its size is given';
  return seeded.has(bare.toLowerCase()) ? 'migrations insert its rows as constants' : 'by its name';
}

/** Adds to a reason why its table counts as small. */
export function withSize(reason: string, table: string, tables: KnownTables): string {
  return reason.replace(/\ba small table\b/, (text) => `${text} (${whySmall(table, tables)})`);
}
