import { database, unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** Packages that open their own connection to a database. */
const DATABASE_CLIENTS =
  /^(?:pg|pg-promise|postgres|knex|kysely|objection|sequelize|sequelize-typescript|slonik|@prisma\/client|drizzle-orm(?:\/.+)?|@mikro-orm\/.+)$/;

/** Packages that start an application. */
const APPLICATIONS = /^(?:@nestjs\/(?:core|testing)|nest-commander(?:-testing)?)$/;

/** Packages that compute, print or parse, and that reach no database. */
const HARMLESS =
  /^(?:uuid|nanoid|cuid|ulid(?:x)?|@paralleldrive\/cuid2|lodash(?:[./].+|-es)?|ramda|underscore|moment(?:-timezone)?|dayjs|luxon|date-fns(?:-tz|\/.+)?|bcrypt(?:js)?|argon2|chalk|picocolors|kleur|slugify|@faker-js\/faker|faker|dotenv(?:-.+)?|class-(?:transformer|validator)|csv-(?:parse|parser|stringify)(?:\/.+)?|papaparse|js-yaml|yaml|json5|debug|winston|pino|bunyan|consola|loglevel|log4js|signale|ora|colors|cli-progress|@nestjs\/(?:common|config|swagger)|bignumber\.js|big\.js|decimal\.js|crypto-js|validator|qs|query-string|deepmerge|dedent|pluralize|change-case|zod|joi|rxjs(?:\/.+)?|tslib|reflect-metadata|p-(?:map|limit|queue|all|retry)|async|bluebird|glob|fast-glob|slug|he|semver|ms|ethers|web3(?:-.+)?|viem|typeorm-.+)$/;

/** A module that was not read. */
export interface UnreadModule {
  readonly specifier: string;
  /** Does it belong to a package in `node_modules`? Otherwise it is code of the project. */
  readonly isPackage: boolean;
}

/** The value of an import from a package, or from a file that cannot be read. */
export function importedFromPackage({ specifier, isPackage }: UnreadModule, name: string): Value {
  const imported = name === '*' || name === 'default' ? (specifier.split('/').at(-1) ?? specifier) : name;
  if (specifier === 'typeorm' || specifier.startsWith('typeorm/'))
    return { kind: 'native', name: name === '*' ? 'typeorm' : `typeorm.${name}` };
  if (APPLICATIONS.test(specifier)) return { kind: 'native', name: name === '*' ? 'nest' : `nest.${name}` };
  if (/data-?source$/i.test(imported) || imported === 'AppDataSource') return database('source');
  if (DATABASE_CLIENTS.test(specifier))
    return unknown(imported, { module: specifier, package: true, database: true, opaque: true });
  const facts = { module: specifier, opaque: !HARMLESS.test(specifier) };
  return unknown(imported, isPackage ? { ...facts, package: true } : facts);
}
