/** The danger of every long statement in a migration. */
export const LOCK_DANGER =
  'The migration holds the row locks and its transaction until it ends. If another session locks one of the rows for longer than `lock_timeout`, the deployment fails.';

/** The usual steps to move a data change out of a migration. */
export const MOVE_STEPS = [
  'Keep the schema change in the migration. Make a new column nullable, or give it a DEFAULT.',
  'Move the data change into a backfill. It runs after the deployment in small committed batches, and it can be resumed.',
  'When the backfill is complete, add the constraint (NOT NULL, a foreign key) in a later migration.',
] as const;
