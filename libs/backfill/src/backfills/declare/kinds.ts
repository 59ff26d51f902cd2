import type { EntityManager, ObjectLiteral } from 'typeorm';

/**
 * The columns of the current row as SQL references, by property: `row.id` is `"this_row"."id"`. Use them in
 * sub-queries, where an unqualified column name means the column of the other table.
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

/** An entity of which some properties are PostgreSQL's text. */
export type ReadAs<Entity, Text extends PropertyKey> = [Text] extends [never]
  ? Entity
  : {
      [Property in keyof Entity]: Property extends Text
        ? string | Extract<Entity[Property], null>
        : Entity[Property];
    };

/** Describes the current batch to the code of a backfill. @publicApi */
export interface BatchContext {
  /** The backfill's name. */
  readonly backfill: string;
  readonly version: number;
  /** The number of the batch in this run, from 1. */
  readonly batch: number;
  /** Aborted when the run must stop. Pass it to long operations of your code. */
  readonly signal: AbortSignal;
}

/**
 * Changes rows with one SQL statement per batch. It is the fastest kind.
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
 * Computes the changes of each batch in TypeScript. The rows have the columns in `reads` and the key. The
 * changes of a batch are written in one statement. A row that changed after it was read is not overwritten.
 *
 * @publicApi
 */
export interface TransformBackfill<
  Entity extends ObjectLiteral,
  Read extends keyof Entity = keyof Entity,
  /** The properties that are read as text: `reads: { at: 'text' }`. */
  Text extends keyof Entity = never,
> {
  /**
   * @returns one entry per row, in the order of `rows`: the columns to write, among those in `writes`
   * @throws any error: the run then halves the batch until it finds the row that fails, and puts only that
   * row in quarantine
   */
  transform(
    rows: readonly ReadAs<Pick<Entity, Read>, Text>[],
    context: BatchContext,
  ): readonly Partial<ReadAs<Entity, Text>>[] | Promise<readonly Partial<ReadAs<Entity, Text>>[]>;
}

/**
 * Copies rows into another table with INSERT … SELECT … ON CONFLICT DO NOTHING. A row is pending while the
 * table of `into` has no row with the same `conflict` columns. `where` can exclude further rows.
 *
 * @publicApi
 */
export interface CopyBackfill<Source extends ObjectLiteral, Target extends ObjectLiteral> {
  copy(row: RowColumns<Source>): SetExpressions<Target>;
}

/** The locked rows of one batch. @publicApi */
export interface ProcessBatch<
  Entity extends ObjectLiteral,
  Read extends keyof Entity = keyof Entity,
  Text extends keyof Entity = never,
> {
  readonly rows: readonly ReadAs<Pick<Entity, Read>, Text>[];
  readonly context: BatchContext;
}

/**
 * Runs your code in the transaction of the batch, on locked rows. The code must make the pending predicate
 * false for each row. It must use only `manager`, because another connection is not part of the transaction.
 *
 * @publicApi
 */
export interface ProcessBackfill<
  Entity extends ObjectLiteral,
  Read extends keyof Entity = keyof Entity,
  Text extends keyof Entity = never,
> {
  process(batch: ProcessBatch<Entity, Read, Text>, manager: EntityManager): Promise<void>;
}
