import { knownText } from './text-value.js';
import type { UnknownValue, Value } from './value.types.js';

/** TypeORM's name for the only database that the guard checks. */
export const POSTGRES = 'postgres';

/** Names of other databases that are used for nothing else. */
const OTHER_DATABASES =
  /^(?:aurora)?-?(?:my_?sql(?:db|2)?|maria(?:db)?|(?:better[-_]?)?sqlite3?(?:[-_]pooled)?|sql\.?js|ms_?sql|sql_?server|cockroach(?:db)?|lib_?sql|db2)$/i;

/** Types of TypeORM that also mean other things: a payment provider, a client of the application. */
const OTHER_TYPES = /^(?:oracle|sap|mongo(?:db)?|capacitor|cordova|expo|nativescript|react-native|spanner)$/i;

const POSTGRES_NAMES = /^(?:aurora-)?(?:postgres(?:ql|db|sql)?|pg|psql|pgsql)$/i;
const POSTGRES_VARIANT = /^(?:aurora-)?(?:postgres(?:ql|db|sql)?|pg(?:lite)?|psql|pgsql)$/i;

/** True for a name of PostgreSQL, false for a name that only another database has, `undefined` for any other. */
function isPostgresName(name: string): boolean | undefined {
  if (POSTGRES_NAMES.test(name)) return true;
  return OTHER_DATABASES.test(name) ? false : undefined;
}

/** Whether TypeORM's type `postgres` equals a text. */
function equalsType(name: string): boolean | undefined {
  if (name === POSTGRES) return true;
  return OTHER_TYPES.test(name) ? false : isPostgresName(name) === false ? false : undefined;
}

/** The last name of a dotted path: `process.env.DB_TYPE` → `DB_TYPE`, `config.get('DB_TYPE')` → `DB_TYPE`. */
function lastName(expression: string): string {
  // Without the closing characters first, the search would start at each character of a long expression.
  const end = expression.replace(CLOSING, '');
  const called = end.endsWith('(') ? end.slice(0, -1) : end;
  let start = called.length;
  while (start > 0 && /[\w$]/.test(called.charAt(start - 1))) start--;
  return called.slice(start);
}

const CLOSING = /(?<!['")\]])['")\]]+$/;

/** `dbType`, `DB_TYPE`, `DATABASE_DRIVER`, `TYPEORM_CONNECTION`: names of TypeORM's own setting. */
const TYPE_NAME =
  /^(?:.*[a-z_])?(?:db|database|datasource|data_source|typeorm)_?(?:type|driver|dialect|engine)$|^typeorm_connection$/i;
const TYPE_PATH = /(?:data_?source|connection|typeorm|database|db)\w*[.?!]*(?:options|config)?[.?!]*\.type$/i;

/** Is the value the database's type, by a name that means nothing else? */
function isDatabaseType({ expression, facts }: UnknownValue): boolean {
  if (facts.rows || facts.entity) return false;
  return TYPE_NAME.test(lastName(expression)) || TYPE_PATH.test(expression);
}

/** Names that the database's type may have, and other values too: `client`, `provider`, `driver`. */
const LIKELY_TYPE = /(?:type|driver|dialect|engine|database|vendor|provider|client|kind)$|^db$/i;

/**
 * What a condition is likely to be, by a name such as `isPostgres` or `isMySQL()`. Names prove nothing, so the
 * guard cannot decide a data change that depends on it.
 */
export function likelyByName(expression: string): boolean | undefined {
  const word = /^(?:is|use|uses|using|on)_?(.+)$/i
    .exec(lastName(expression))?.[1]
    ?.replace(/_?(?:db|driver|database|dialect|connection|client|flavou?r|enabled)$/i, '')
    .replace(/_/g, '');
  return word === undefined ? undefined : isPostgresName(word);
}

/**
 * Whether `left === right` holds when one side is the type of the database: the type of a handle, or a variable
 * whose name means nothing else. A member of an unread enum is judged by its name.
 */
export function compareDriver(left: Value, right: Value): boolean | undefined {
  return compareType(left, right) ?? compareType(right, left);
}

function compareType(type: Value, other: Value): boolean | undefined {
  if (knownText(type) === POSTGRES)
    return other.kind === 'unknown' ? equalsType(lowerName(other)) : compareText(other);
  return type.kind === 'unknown' && isDatabaseType(type) ? compareText(other) : undefined;
}

/** `process.env.DB_TYPE || 'sqlite'` is the type of the database: on PostgreSQL, the variable is set. */
export function isTypeWithDefault(type: Value, fallback: Value): boolean {
  const name = knownText(fallback);
  return (
    type.kind === 'unknown' && isDatabaseType(type) && name !== undefined && equalsType(name) !== undefined
  );
}

/** Is the type of a handle compared with another name of PostgreSQL, e.g. PGlite? The application may map them. */
export function isPostgresVariant(type: Value, other: Value): boolean {
  const name = knownText(other);
  return (
    knownText(type) === POSTGRES && name !== undefined && name !== POSTGRES && POSTGRES_VARIANT.test(name)
  );
}

function compareText(other: Value): boolean | undefined {
  const name = knownText(other);
  return name === undefined ? undefined : equalsType(name);
}

/** `DatabaseType.Postgres` → `postgres` */
function lowerName({ expression }: UnknownValue): string {
  return lastName(expression).toLowerCase();
}

/** What a comparison that is not certain is likely to be: `client === 'mysql'`. */
export function likelyEquality(left: Value, right: Value): boolean | undefined {
  return likelyComparison(left, right) ?? likelyComparison(right, left);
}

function likelyComparison(type: Value, other: Value): boolean | undefined {
  if (type.kind !== 'unknown' || type.facts.rows || type.facts.entity) return undefined;
  const name = knownText(other);
  return name !== undefined && LIKELY_TYPE.test(lastName(type.expression)) ? isPostgresName(name) : undefined;
}

/** `driver instanceof PostgresDriver`: whether the class is the one of PostgreSQL, by its name. */
export function isDriverClass(name: string): boolean | undefined {
  const driver = /^(.+)Driver$/.exec(name)?.[1];
  return driver === undefined ? undefined : equalsType(driver.toLowerCase());
}
