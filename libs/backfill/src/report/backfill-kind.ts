/**
 * How a backfill changes rows, from the fastest kind to the most flexible. `purge` has no method: it deletes
 * the pending rows.
 */
export const BACKFILL_KINDS = ['set', 'transform', 'copy', 'purge', 'process'] as const;
/** One of the five ways to change rows. @publicApi */
export type BackfillKind = (typeof BACKFILL_KINDS)[number];
