import type { EntityManager, ObjectLiteral } from 'typeorm';

/**
 * The columns of the current row as SQL references, by property: `row.id` is `"this_row"."id"`. Use them in
 * sub-queries, where a bare column name means the other table's column.
 *
 * @publicApi
 */
export type RowColumns<Entity> = { readonly [Property in keyof Entity]-?: string };

/** The value of one column, as opposed to an embedded object. */
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
 * SQL expressions by column. They become part of the statement unchanged: never build them from user input.
 * Name a column of an embedded object by its path, e.g. `'address.city'`.
 *
 * @publicApi
 */
export type SetExpressions<Entity> = {
  readonly [Property in keyof Entity | EmbeddedPath<Entity>]?: string;
};

/** The batch that a backfill's own code receives. @publicApi */
export interface BatchContext {
  /** The backfill's name. */
  readonly backfill: string;
  readonly version: number;
  /** The number of the batch in this run, from 1. */
  readonly batch: number;
  /** Aborted when the run must stop. Long work of your own should listen to it. */
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
 * TypeScript per batch of rows. The rows have the columns in `reads` and the key. The changes are written
 * back in one statement. A row that changed after it was read is not overwritten.
 *
 * @publicApi
 */
export interface TransformBackfill<Entity extends ObjectLiteral, Read extends keyof Entity = keyof Entity> {
  /**
   * @returns one entry per row, in the order of `rows`: the columns to write, among those in `writes`
   * @throws any error: the run halves the batch until it has found the row, and only that row goes to the
   * quarantine
   */
  transform(
    rows: readonly Pick<Entity, Read>[],
    context: BatchContext,
  ): readonly Partial<Entity>[] | Promise<readonly Partial<Entity>[]>;
}

/**
 * Copies rows into another table with INSERT … SELECT … ON CONFLICT DO NOTHING. A row is pending while the
 * table of `into` has no row with the same `conflict` columns. `where` narrows the rows further.
 *
 * @publicApi
 */
export interface CopyBackfill<Source extends ObjectLiteral, Target extends ObjectLiteral> {
  copy(row: RowColumns<Source>): SetExpressions<Target>;
}

/** The locked rows of one batch. @publicApi */
export interface ProcessBatch<Entity extends ObjectLiteral, Read extends keyof Entity = keyof Entity> {
  readonly rows: readonly Pick<Entity, Read>[];
  readonly context: BatchContext;
}

/**
 * Any code, in the transaction of the batch, over locked rows. It must make the pending predicate false for
 * each row, and use only `manager`: another connection is not part of the transaction.
 *
 * @publicApi
 */
export interface ProcessBackfill<Entity extends ObjectLiteral, Read extends keyof Entity = keyof Entity> {
  process(batch: ProcessBatch<Entity, Read>, manager: EntityManager): Promise<void>;
}
