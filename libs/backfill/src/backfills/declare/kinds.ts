import type { EntityManager, ObjectLiteral } from 'typeorm';

/**
 * The columns of the row at hand as SQL references, by property: `row.id` is `"this_row"."id"`.
 * Use them in sub-queries, where a bare column name would mean the other table's.
 *
 * @publicApi
 */
export type RowColumns<Entity> = { readonly [Property in keyof Entity]-?: string };

/** What is a column's value and no embedded object. */
type ColumnValue = string | number | bigint | boolean | symbol | Date | Uint8Array | readonly unknown[];

/** The columns of embedded objects by their path, e.g. `'address.city'`. */
type EmbeddedPath<Entity> = {
  [Property in keyof Entity & string]: NonNullable<Entity[Property]> extends infer Value
    ? Value extends ColumnValue
      ? never
      : // JSON with any keys is one column.
        string extends keyof Value
        ? never
        : `${Property}.${keyof Value & string}`
    : never;
}[keyof Entity & string];

/**
 * Column → SQL expression. Written into the statement as it stands: never build it from user input. A column of an embedded
 * object goes by its path, e.g. `'address.city'`.
 */
export type SetExpressions<Entity> = {
  readonly [Property in keyof Entity | EmbeddedPath<Entity>]?: string;
};

/** What a backfill's own code may know about the batch it is given. */
export interface BatchContext {
  /** The backfill's name. */
  readonly backfill: string;
  readonly version: number;
  /** The batch's number in this run, from 1. */
  readonly batch: number;
  /** Aborted when the run is asked to stop; long work of your own should listen to it. */
  readonly signal: AbortSignal;
}

/**
 * One SQL statement per batch: the fastest kind.
 *
 * `set()` is called once, at start-up.
 *
 * @publicApi
 * @example
 * set(row: RowColumns<Lead>) {
 *   return { lastCallDirection: `(SELECT c.direction FROM call_logs c WHERE c.lead_id = ${row.id} ORDER BY c.called_at DESC LIMIT 1)` };
 * }
 */
export interface SetBackfill<Entity extends ObjectLiteral> {
  set(row: RowColumns<Entity>): SetExpressions<Entity>;
}

/**
 * TypeScript per batch of rows. Rows are read by the columns named in `reads` (the key is always there), and the
 * changes are written back in one statement, each only if its row is still the version that was read.
 *
 * @publicApi
 */
export interface TransformBackfill<Entity extends ObjectLiteral, Read extends keyof Entity = keyof Entity> {
  /**
   * @returns one entry per row, in the order of `rows`: the columns to write (of those named in `writes`).
   * An error that it throws is traced to its row by halving the batch, and only that row goes to the quarantine.
   */
  transform(
    rows: readonly Pick<Entity, Read>[],
    context: BatchContext,
  ): readonly Partial<Entity>[] | Promise<readonly Partial<Entity>[]>;
}

/**
 * Copies rows into another table with INSERT … SELECT … ON CONFLICT DO NOTHING. A row is pending while the table named by
 * `into` has no row with its `conflict` columns; `where` can narrow that further.
 *
 * @publicApi
 */
export interface CopyBackfill<Source extends ObjectLiteral, Target extends ObjectLiteral> {
  copy(row: RowColumns<Source>): SetExpressions<Target>;
}

/** The locked rows of one batch, for free code. */
export interface ProcessBatch<Entity extends ObjectLiteral, Read extends keyof Entity = keyof Entity> {
  readonly rows: readonly Pick<Entity, Read>[];
  readonly context: BatchContext;
}

/**
 * Free code inside the batch's transaction, over rows that are locked. It must falsify the pending predicate of each row,
 * and use `manager` alone: what it does with another connection is not part of the transaction.
 *
 * @publicApi
 */
export interface ProcessBackfill<Entity extends ObjectLiteral, Read extends keyof Entity = keyof Entity> {
  process(batch: ProcessBatch<Entity, Read>, manager: EntityManager): Promise<void>;
}

/** How a backfill changes rows, from the fastest to the freest. `purge` has no method: it deletes what is pending. */
export const BACKFILL_KINDS = ['set', 'transform', 'copy', 'purge', 'process'] as const;
/** One of the five ways to change rows. */
export type BackfillKind = (typeof BACKFILL_KINDS)[number];
