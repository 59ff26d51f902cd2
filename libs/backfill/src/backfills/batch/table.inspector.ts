import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Session } from '../../sql/session.js';
import type { BackfillDefinition } from '../declare/definition.js';
import { TableMismatchError } from '../run/run.error.js';

/** What the database's catalogue says of the table, at this moment. */
export interface TableFacts {
  /** The type of a column as SQL, e.g. `character varying(40)`. */
  typeOf(column: ColumnMetadata): string;
  /** Whether row addresses (ctid) are unique only within a partition or child table. */
  readonly partitioned: boolean;
}

/** @throws TableMismatchError when the table, or a column that the backfill names, is not there */
export async function inspectTable(session: Session, definition: BackfillDefinition): Promise<TableFacts> {
  const { rows } = await session.send([
    {
      text: `SELECT c.relkind::text, (c.relhassubclass OR c.relkind = 'p')::text, a.attname, format_type(a.atttypid, a.atttypmod)
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.oid = to_regclass($1)`,
      values: [definition.table],
    },
  ]);
  const found = rows[0] ?? [];
  const [relkind, hasChildren] = found[0] ?? [];
  if (relkind === undefined) {
    throw new TableMismatchError(
      definition.name,
      `the table ${definition.table} does not exist`,
      'Run the schema migrations before the backfills.',
    );
  }
  if (relkind !== 'r' && relkind !== 'p') {
    throw new TableMismatchError(
      definition.name,
      `${definition.table} is not a table`,
      'Declare the backfill on the entity of the table that holds the rows; views and foreign tables cannot be locked row by row.',
    );
  }
  const types = new Map(found.map((row) => [row[2], row[3]]));
  return {
    partitioned: hasChildren === 'true',
    typeOf(column) {
      const type = types.get(column.databaseName);
      if (type) return type;
      throw new TableMismatchError(
        definition.name,
        `the column "${column.databaseName}" of ${definition.table} does not exist`,
        'Run the schema migrations before the backfills.',
      );
    },
  };
}
