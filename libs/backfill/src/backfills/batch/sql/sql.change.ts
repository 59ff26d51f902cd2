/** How rows are locked: `FOR NO KEY UPDATE` does not block the foreign-key checks of other tables. */
export type RowLock = 'FOR NO KEY UPDATE' | 'FOR UPDATE';

/** How a kind changes the rows that a batch has selected. */
export interface SqlChange {
  readonly rowLock: RowLock;
  /** The batch commits only if every selected row was changed. */
  readonly mustChangeAll: boolean;
  /** `changed` returns the ctid of each row's new version as `nb_new_row_id`. @default false */
  readonly updatesRows?: true;
  /** CTEs that `changed` refers to. */
  readonly ctes: readonly string[];
  /** Body of the CTE `nb_changed`, over the rows in the CTE `nb_selected`. */
  readonly changed: string;
  /**
   * The body of `nb_changed` for all rows that match a condition. Without it, the kind has no optimistic
   * batches.
   */
  readonly changedWhere?: (condition: string) => string;
}
