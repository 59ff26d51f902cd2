/**
 * A foreign key through which deletes of a `purge` reach rows of another table, directly or through further
 * tables. Counts are rows.
 *
 * @publicApi
 */
export interface CascadeReport {
  /** The name of the foreign key. */
  readonly constraint: string;
  /** The table whose rows are deleted or changed, quoted and qualified. */
  readonly table: string;
  readonly action: 'CASCADE' | 'SET NULL' | 'SET DEFAULT';
  /** Whether an index serves the foreign key. Without one, each deleted row reads the whole table. */
  readonly isIndexed: boolean;
  /**
   * Rows of the table that were deleted or changed along with the rows of the backfill: in a plan by the batch that
   * was rolled back, in a report by this run. Foreign keys of one table with the same effect share the number. Null
   * if not known, e.g. because `track_counts` is off.
   */
  readonly rows: number | null;
}
