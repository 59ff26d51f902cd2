import { database } from './database-value.js';
import { type Value, unknown } from './value.js';

/** What an import from a package, or from a file that could not be read, stands for. */
export function importedFromPackage(specifier: string, name: string): Value {
  const imported = name === '*' || name === 'default' ? (specifier.split('/').at(-1) ?? specifier) : name;
  if (specifier === 'typeorm' || specifier.startsWith('typeorm/'))
    return { kind: 'native', name: name === '*' ? 'typeorm' : `typeorm.${name}` };
  if (specifier === '@nestjs/core' || specifier === '@nestjs/testing')
    return { kind: 'native', name: name === '*' ? 'nest' : `nest.${name}` };
  if (/data-?source$/i.test(imported) || imported === 'AppDataSource') return database('source');
  if (specifier === 'pg' || specifier === 'postgres')
    return unknown(imported, { module: specifier, database: true });
  return unknown(imported, { module: specifier });
}
