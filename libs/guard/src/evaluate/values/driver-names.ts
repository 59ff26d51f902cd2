import { knownText } from './text-value.js';
import type { UnknownValue, Value } from './value.types.js';

/** TypeORM's name for the only database that the guard checks. */
export const POSTGRES = 'postgres';

const POSTGRES_NAMES = new Set([
  'postgres',
  'postgresql',
  'postgresdb',
  'pg',
  'psql',
  'pgsql',
  'postgressql',
]);

const OTHER_NAMES = new Set(
  [
    'mysql',
    'mysqldb',
    'mariadb',
    'maria',
    'aurora-mysql',
    'auroramysql',
    'sqlite',
    'sqlite3',
    'better-sqlite3',
    'bettersqlite3',
    'betterSqlite3',
    'better_sqlite3',
    'sqljs',
    'sql.js',
    'capacitor',
    'cordova',
    'expo',
    'nativescript',
    'react-native',
    'mssql',
    'sqlserver',
    'oracle',
    'sap',
    'mongodb',
    'mongo',
    'cockroachdb',
    'cockroach',
    'spanner',
    'pglite',
    'sqlite-pooled',
    'libsql',
    'db2',
  ].map((name) => name.toLowerCase()),
);

/** True for a name of PostgreSQL, false for the name of another database, `undefined` for any other name. */
export function isPostgresName(name: string): boolean | undefined {
  const lower = name.toLowerCase();
  if (POSTGRES_NAMES.has(lower)) return true;
  return OTHER_NAMES.has(lower) ? false : undefined;
}

/** The last name of a dotted path: `process.env.DB_TYPE` → `DB_TYPE`. */
function lastName(expression: string): string {
  return /([\w$]+)(?:\([^()]*\))?['"\]]*$/.exec(expression)?.[1] ?? '';
}

/**
 * Does the name suggest that the value is the database's type: `dbType`, `DB_TYPE`, `options.type`, `driver`?
 */
function namesDriver(value: UnknownValue): boolean {
  if (value.facts.rows || value.facts.entity) return false;
  return (
    /type$|driver|dialect|engine|database|vendor|provider|^db$|client$|kind$/i.test(
      lastName(value.expression),
    ) && !/^(?:data_?source_?)?kind$/i.test(lastName(value.expression))
  );
}

/** The truth of a value that is named `isPostgres`, `isMySQL()`, `usingSqlite` and the like. */
export function truthByName(value: UnknownValue): boolean | undefined {
  return value.facts.rows || value.facts.entity ? undefined : truthOfName(lastName(value.expression));
}

/**
 * The same for a function's name. The name decides even if the code can be read, because the code reads the
 * environment.
 */
export function truthOfName(name: string): boolean | undefined {
  const match = /^(?:is|use|uses|using|has|on)_?(.+)$/i.exec(name);
  const word = match?.[1]
    ?.replace(/_?(?:db|driver|database|dialect|connection|client|flavou?r|enabled)$/i, '')
    .replace(/_/g, '');
  return word === undefined ? undefined : isPostgresName(word);
}

/**
 * Whether `left === right` holds when one side is the type of the database. The type of a handle is
 * `postgres`. A member of an unread enum is judged by its name, and an unread variable by the text that it is
 * compared with.
 */
export function compareDriver(left: Value, right: Value): boolean | undefined {
  return compareType(left, right) ?? compareType(right, left);
}

function compareType(type: Value, other: Value): boolean | undefined {
  const name = knownText(other) ?? (other.kind === 'unknown' ? lastName(other.expression) : undefined);
  if (name === undefined) return undefined;
  const postgres = isPostgresName(name);
  if (postgres === undefined) return undefined;
  if (knownText(type) === POSTGRES) return postgres;
  return type.kind === 'unknown' && other.kind === 'text' && namesDriver(type) ? postgres : undefined;
}
