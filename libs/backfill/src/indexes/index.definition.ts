import type { DataSource, EntityMetadata } from 'typeorm';
import { quoteIdentifier, quotePath } from '../postgres/identifiers.js';
import { IndexDeclarationError } from './index.error.js';
import type { DeclaredIndex } from './index.options.js';

/** A declared index in terms of the database. */
export interface IndexDefinition {
  readonly className: string;
  readonly name: string;
  /** Quoted, with its schema where the entity names one. */
  readonly table: string;
  readonly unique: boolean;
  /** What is indexed: SQL between the parentheses. */
  readonly keys: string;
  readonly where: string | undefined;
  /** What stands behind the table's name in CREATE INDEX. */
  readonly body: string;
}

const LONGEST_NAME = 63;

/** @throws IndexDeclarationError when the entity or a property is unknown, or the name is too long */
export function defineIndex(dataSource: DataSource, { className, options }: DeclaredIndex): IndexDefinition {
  const { name, entity, unique = false, where, include = [], using = 'btree', columns, expression } = options;
  if (name === '' || Buffer.byteLength(name) > LONGEST_NAME)
    throw new IndexDeclarationError(
      className,
      `the name "${name}" has ${Buffer.byteLength(name)} bytes.`,
      `Give it 1 to ${LONGEST_NAME}: PostgreSQL would cut it.`,
    );
  if (!dataSource.hasMetadata(entity))
    throw new IndexDeclarationError(
      className,
      'its entity is not one of the data source.',
      'Add the entity to `entities`, or to TypeOrmModule.forFeature with autoLoadEntities.',
    );
  const metadata = dataSource.getMetadata(entity);
  const keys = expression ?? quoteColumns(className, metadata, columns ?? []);
  if (keys.trim() === '')
    throw new IndexDeclarationError(
      className,
      'it is on nothing.',
      'Name `columns`, or give an `expression`.',
    );
  const included = include.length > 0 ? ` INCLUDE (${quoteColumns(className, metadata, include)})` : '';
  const partial = where === undefined ? '' : ` WHERE ${where}`;
  return {
    className,
    name,
    table:
      metadata.schema === undefined
        ? quoteIdentifier(metadata.tableName)
        : quotePath(metadata.schema, metadata.tableName),
    unique,
    keys,
    where,
    body: `USING ${using} (${keys})${included}${partial}`,
  };
}

/** CREATE INDEX as far as the table. */
export function createIndex(
  definition: IndexDefinition,
  name: string,
  target: string,
  how: '' | 'CONCURRENTLY',
): string {
  const words = ['CREATE', ...(definition.unique ? ['UNIQUE'] : []), 'INDEX', ...(how === '' ? [] : [how])];
  return `${words.join(' ')} ${quoteIdentifier(name)} ON ${target} ${definition.body}`;
}

function quoteColumns(className: string, metadata: EntityMetadata, properties: readonly string[]): string {
  return properties
    .map((property) => {
      const column = metadata.findColumnWithPropertyPath(property);
      if (column) return quoteIdentifier(column.databaseName);
      const known = metadata.columns.map(({ propertyPath }) => propertyPath).join(', ');
      throw new IndexDeclarationError(
        className,
        `${metadata.name} has no column "${property}".`,
        `Use one of: ${known}; or an \`expression\` in SQL.`,
      );
    })
    .join(', ');
}
