/**
 * A foreign key through which the changes of a backfill reach rows of another table, directly or through further
 * tables: deletes of a `purge`, or new values of a column that the foreign key refers to. Counts are rows.
 *
 * @publicApi
 */
export interface CascadeReport {
  /** The name of the foreign key. */
  readonly constraint: string;
  /** The table whose rows are deleted or changed, quoted and qualified. */
  readonly table: string;
  /** The change to which the foreign key reacts. */
  readonly event: 'DELETE' | 'UPDATE';
  readonly action: 'CASCADE' | 'SET NULL' | 'SET DEFAULT';
  /** Whether an index serves the foreign key. Without one, each deleted or changed row reads the whole table. */
  readonly isIndexed: boolean;
  /**
   * Rows of the table that were deleted or changed along with the rows of the backfill: in a plan by the batch that
   * was rolled back, in a report by this run. Foreign keys of one table with the same effect share the number. Null
   * if not known, e.g. because `track_counts` is off.
   */
  readonly rows: number | null;
}
