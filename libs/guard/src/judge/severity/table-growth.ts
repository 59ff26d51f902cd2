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

/** A table is small by its name if the last word of the name is one of these: `email_templates`. */
const LOOKUP_WORDS = new Set(
  `config configs configuration configurations setting settings meta toggle toggles role roles permission permissions privilege privileges
  type types kind kinds category categories status statuses country countries currency currencies language languages locale locales
  timezone timezones template templates tier tiers lookup lookups enum enums priority priorities rule rules integration integrations
  dictionary icon icons theme themes changelog`.split(/\s+/),
);

/** These words mean a list of the application only if they are the whole name: `product_options` grows. */
const LOOKUP_NAMES = new Set(
  `option options metadata parameter parameters param params feature features flag flags scope scopes plan plans provider providers`.split(
    ' ',
  ),
);

/** `account_types` is a list of types, not of accounts. */
const CLASS_WORDS = /(?:^|_)(?:types?|kinds?|categor(?:y|ies))$/;

/** A table with rows for each of these grows with them, even if its name also has a lookup word. */
const PER_OWNER =
  /(?:^|_)(?:users?|accounts?|tenants?|customers?|members?|employees?|contacts?|leads?|orders?|transactions?|payments?|notes?|messages?|logs?|events?|histor(?:y|ies)|sessions?|notifications?|audit)(?:_|$)/;

/** The settings of the whole application: one row, or one row for each setting. */
const SETTINGS =
  /^(?:(?:app(?:lication)?|system|server|site|global|instance|platform|general)_)?(?:meta|config(?:s|urations?)?|settings?)$/;

/** What is known about the tables before their names decide. */
export interface KnownTables {
  readonly sizes: TableSizes;
  /** Tables that have only rows that migrations insert as constants, in lower case: see `TableHistory`. */
  readonly seeded: ReadonlySet<string>;
}

/**
 * - `small`: its size is given, migrations insert its rows as constants, or it holds the settings
 * - `small-by-name`: only its name says so
 */
export type TableSize = 'small' | 'small-by-name' | 'growing';

/** Sizes decide first, then what the migrations tell, then the name. */
export function sizeOf(table: string, { sizes, seeded }: KnownTables): TableSize {
  const bare = table.slice(table.lastIndexOf('.') + 1);
  const known = sizes.get(table) ?? sizes.get(bare);
  if (typeof known === 'number') return known <= MAX_LOOKUP_ROWS ? 'small' : 'growing';
  if (known) return known === 'lookup' ? 'small' : 'growing';
  const words = bare
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .replace(/-/g, '_')
    .toLowerCase();
  const isSeeded = seeded.has(bare.toLowerCase());
  const byName = sizeByName(words);
  if (isSeeded && (byName !== 'growing' || !PER_OWNER.test(words) || LOOKUP_WORDS.has(lastWord(words))))
    return 'small';
  return byName;
}

function sizeByName(words: string): TableSize {
  if (SETTINGS.test(words)) return 'small';
  if (CLASS_WORDS.test(words)) return 'small-by-name';
  if (PER_OWNER.test(words)) return 'growing';
  return LOOKUP_NAMES.has(words) || LOOKUP_WORDS.has(lastWord(words)) ? 'small-by-name' : 'growing';
}

function lastWord(words: string): string {
  return words.slice(words.lastIndexOf('_') + 1);
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
