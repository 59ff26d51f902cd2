import type { DataSource, EntityMetadata } from 'typeorm';
import { quoteIdentifier, quotePath } from '../../postgres/identifiers.js';
import { IndexDeclarationError } from '../index.error.js';
import type { DeclaredIndex } from './index.options.js';

/** A declared index, with the names of its table and columns in the database. */
export interface IndexDefinition {
  readonly className: string;
  readonly name: string;
  /** Quoted, with the schema if the entity has one. */
  readonly table: string;
  readonly unique: boolean;
  /** The indexed columns or expression, as SQL. */
  readonly keys: string;
  readonly where: string | undefined;
  /** The part of CREATE INDEX after the table's name. */
  readonly body: string;
}

const MAX_NAME_BYTES = 63;

/** The table of an index, quoted; of an index whose entity is unknown, the name of its class instead. */
export function tableOf(dataSource: DataSource, { className, options: { entity } }: DeclaredIndex): string {
  return dataSource.hasMetadata(entity) ? pathOf(dataSource.getMetadata(entity)) : quoteIdentifier(className);
}

/** The tables of all entities, quoted. */
export function tablesOf(dataSource: DataSource): readonly string[] {
  return dataSource.entityMetadatas.map(pathOf);
}

function pathOf({ schema, tableName }: EntityMetadata): string {
  return schema === undefined ? quoteIdentifier(tableName) : quotePath(schema, tableName);
}

/** @throws IndexDeclarationError if the entity or a property is unknown, or the name is too long */
export function defineIndex(dataSource: DataSource, { className, options }: DeclaredIndex): IndexDefinition {
  const { name, entity, unique = false, where, include = [], using = 'btree', columns, expression } = options;
  if (name === '' || Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new IndexDeclarationError(
      className,
      `the name "${name}" has ${Buffer.byteLength(name)} bytes.`,
      `Use 1 to ${MAX_NAME_BYTES} bytes; PostgreSQL would cut a longer name.`,
    );
  if (!dataSource.hasMetadata(entity))
    throw new IndexDeclarationError(
      className,
      'its entity does not belong to the data source.',
      'Add the entity to `entities`, or to TypeOrmModule.forFeature with autoLoadEntities.',
    );
  const metadata = dataSource.getMetadata(entity);
  const keys = expression ?? quoteColumns(className, metadata, columns ?? []);
  if (keys.trim() === '')
    throw new IndexDeclarationError(
      className,
      'it has neither columns nor an expression.',
      'Give `columns` or an `expression`.',
    );
  const included = include.length > 0 ? ` INCLUDE (${quoteColumns(className, metadata, include)})` : '';
  const partial = where === undefined ? '' : ` WHERE ${where}`;
  return {
    className,
    name,
    table: pathOf(metadata),
    unique,
    keys,
    where,
    body: `USING ${using} (${keys})${included}${partial}`,
  };
}

/** @param target quoted; may begin with `ONLY` */
export function createIndex({ unique, body }: IndexDefinition, name: string, target: string): string {
  return `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(name)} ON ${target} ${body}`;
}

/** @param table quoted */
export function createIndexConcurrently(
  { unique, body }: IndexDefinition,
  name: string,
  table: string,
): string {
  return `CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${quoteIdentifier(name)} ON ${table} ${body}`;
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
