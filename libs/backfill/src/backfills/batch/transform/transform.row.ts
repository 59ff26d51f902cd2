import type { Key } from '../../../ledger/range.js';
import type { ReadEntity } from '../row.codec.js';

/** A row as it was read, without a lock. */
export interface ReadRow {
  readonly ctid: string;
  /** The row's tableoid, if the table has partitions or child tables; otherwise null. */
  readonly tableOid: string | null;
  /** Together with the ctid it identifies this version of the row. */
  readonly xmin: string;
  readonly tenant: string | null;
  /** Empty in page order (see `keyOfVersion`). */
  readonly key: Key;
  readonly entity: ReadEntity;
}

/** A row and its new values. */
export interface RowChange {
  readonly row: ReadRow;
  /**
   * One value per written column, in text format. Null writes NULL; undefined leaves the column unchanged.
   */
  readonly values: readonly (string | null | undefined)[];
}
