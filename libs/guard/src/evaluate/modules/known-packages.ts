import { database, unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** Packages that open their own connection to a database. */
const DATABASE_CLIENTS =
  /^(?:pg|pg-promise|postgres|knex|kysely|objection|sequelize|sequelize-typescript|slonik|@prisma\/client|drizzle-orm(?:\/.+)?|@mikro-orm\/.+)$/;

/** Packages that start an application. */
const APPLICATIONS = /^(?:@nestjs\/(?:core|testing)|nest-commander(?:-testing)?)$/;

/** The value of an import from a package, or from a file that cannot be read. */
export function importedFromPackage(specifier: string, name: string): Value {
  const imported = name === '*' || name === 'default' ? (specifier.split('/').at(-1) ?? specifier) : name;
  if (specifier === 'typeorm' || specifier.startsWith('typeorm/'))
    return { kind: 'native', name: name === '*' ? 'typeorm' : `typeorm.${name}` };
  if (APPLICATIONS.test(specifier)) return { kind: 'native', name: name === '*' ? 'nest' : `nest.${name}` };
  if (/data-?source$/i.test(imported) || imported === 'AppDataSource') return database('source');
  if (DATABASE_CLIENTS.test(specifier)) return unknown(imported, { module: specifier, database: true });
  return unknown(imported, { module: specifier });
}
