/** A table as it is named: without a schema if none is written. */
export interface TableName {
  readonly schema?: string;
  readonly name: string;
}

/** A column, or the reason why a list of columns is not complete. */
interface CreatedTable {
  readonly columns: readonly string[];
  /** Why it has columns that the text does not name, e.g. `LIKE` another table. */
  readonly unclear?: string;
}

/**
 * What one statement or call does to tables and columns.
 * - `unclear`: something that cannot be read may change the table, or any table if `table` is missing
 */
export type SchemaChange =
  | ({ readonly kind: 'create-table'; readonly table: TableName } & CreatedTable)
  | { readonly kind: 'drop-table'; readonly table: TableName }
  | { readonly kind: 'rename-table'; readonly table: TableName; readonly to: TableName }
  | { readonly kind: 'add-column'; readonly table: TableName; readonly column: string }
  | { readonly kind: 'drop-column'; readonly table: TableName; readonly column: string }
  | {
      readonly kind: 'rename-column';
      readonly table: TableName;
      readonly column: string;
      readonly to: string;
    }
  | { readonly kind: 'name-table'; readonly table: TableName }
  | { readonly kind: 'unclear'; readonly table?: TableName; readonly reason: string };
