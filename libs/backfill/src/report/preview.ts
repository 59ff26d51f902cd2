import type { BackfillKind } from './backfill-kind.js';

/** Values of a row by column. Each is text as PostgreSQL shows it, at most 200 characters of it; null for NULL. @publicApi */
export type PreviewedValues = Readonly<Record<string, string | null>>;

/** A row that a run would change. @publicApi */
export interface PreviewedRow {
  /** One text per column of `BackfillPreview.key`. */
  readonly key: readonly string[];
  /** The columns that the backfill writes. Null with `copy`, which only inserts. */
  readonly before: PreviewedValues | null;
  /** The same columns after the change; with `copy`, the row of the other table. Null if the row is deleted, and if it cannot be changed. */
  readonly after: PreviewedValues | null;
  /** Why the row cannot be changed: a run would put it in quarantine. Null if it can be changed. */
  readonly error: string | null;
}

/**
 * Some pending rows before and after the change, which was rolled back.
 *
 * @publicApi
 */
export interface BackfillPreview {
  readonly name: string;
  readonly version: number;
  readonly kind: BackfillKind;
  /** Quoted and qualified. */
  readonly table: string;
  /** The columns of the key. */
  readonly key: readonly string[];
  readonly rows: readonly PreviewedRow[];
  /** Why there are no rows, or why they are not changed, as a sentence; null if there is nothing to say. */
  readonly problem: string | null;
}
