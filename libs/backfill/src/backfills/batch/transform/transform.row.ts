import type { Key } from '../../../ledger/range.js';
import type { ReadEntity } from '../row.codec.js';

/** A row as it was read, without a lock. */
export interface ReadRow {
  /** The row's ctid. */
  readonly address: string;
  /** OID of the partition or child table; null where the table has none. */
  readonly table: string | null;
  /** The row's xmin. Together with the address it identifies this version of the row. */
  readonly madeBy: string;
  readonly tenant: string | null;
  readonly key: Key;
  readonly entity: ReadEntity;
}

/** A row and what to write into it. */
export interface RowChange {
  readonly row: ReadRow;
  /** One text per written column, null for SQL's NULL; undefined leaves the column as it is. */
  readonly values: readonly (string | null | undefined)[];
}
