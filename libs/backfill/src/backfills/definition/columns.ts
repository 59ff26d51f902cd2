import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { quoteIdentifier, quotePath } from '../../postgres/identifiers.js';
import { UnknownColumnError } from '../declare/errors/column.error.js';
import type { RowColumns } from '../declare/kinds.js';
import { ROW } from './definition.js';

/** Finds an entity's columns by property. Errors name the class and its option. */
export class ColumnFinder {
  readonly className: string;
  readonly metadata: EntityMetadata;

  constructor(className: string, metadata: EntityMetadata) {
    this.className = className;
    this.metadata = metadata;
  }

  /** @throws UnknownColumnError */
  find(option: string, property: string): ColumnMetadata {
    const column = this.metadata.findColumnWithPropertyPath(property);
    if (column) return column;
    throw new UnknownColumnError(this.className, option, property, this.metadata);
  }

  /** The column of a property, or the columns of an embedded object. @throws UnknownColumnError */
  findAll(option: string, property: string): readonly ColumnMetadata[] {
    return (
      this.metadata.findEmbeddedWithPropertyPath(property)?.columnsFromTree ?? [this.find(option, property)]
    );
  }

  /**
   * References to the columns of the current row, by property. Reading an unknown property throws
   * UnknownColumnError.
   */
  row(option: string): RowColumns<Record<string, unknown>> {
    return new Proxy(Object.create(null) as Record<string, string>, {
      get: (_, property) => columnOfRow(this.find(option, String(property))),
    });
  }
}

/** `"this_row"."column"`. */
export function columnOfRow(column: ColumnMetadata): string {
  return `${ROW}.${quoteIdentifier(column.databaseName)}`;
}

/** The table's quoted and qualified name. */
export function tableOf(metadata: EntityMetadata): string {
  return metadata.schema
    ? quotePath(metadata.schema, metadata.tableName)
    : quoteIdentifier(metadata.tableName);
}
