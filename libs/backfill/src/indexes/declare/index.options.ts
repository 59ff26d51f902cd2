import type { EntityTarget, ObjectLiteral } from 'typeorm';

/** An index access method of PostgreSQL. @publicApi */
export type IndexMethod = 'btree' | 'hash' | 'gin' | 'gist' | 'spgist' | 'brin';

interface SharedIndexOptions<Entity extends ObjectLiteral> {
  /** Name in the database, 1 to 63 bytes. A changed name declares a new index; the old one is kept. */
  readonly name: string;
  /** The entity whose table has the index. */
  readonly entity: EntityTarget<Entity>;
  /** Whether the keys must be unique. @default false */
  readonly unique?: boolean;
  /**
   * Predicate of a partial index: SQL with the table's column names. Never build it from user input. @default
   * every row
   */
  readonly where?: string;
  /** Properties that the index stores as non-key columns (`INCLUDE`). @default none */
  readonly include?: readonly (keyof Entity & string)[];
  /** Access method. @default 'btree' */
  readonly using?: IndexMethod;
  /**
   * When the index is built. `after`: when every backfill that names it with its option `index` is complete.
   * The updates of such a backfill can then be heap-only. It pays while most rows are pending, for an index
   * that serves catch-up later. `before` pays where few of many rows are pending: the sweep and the proof then
   * do not read the other rows. At least one backfill must name an index that is built after it.
   * @default 'before'
   */
  readonly build?: 'before' | 'after';
  /**
   * Names of backfills that must be proved complete before the index is built, e.g. the one that removes duplicates
   * before a unique index. A deployment that completes them builds the index after its backfills, and then runs the
   * migrations that `require` the index.
   * @default none
   */
  readonly requires?: readonly string[];
}

/**
 * The options of `@OnlineIndex`. The index is on properties of the entity, or on an expression. @publicApi
 */
export type OnlineIndexOptions<Entity extends ObjectLiteral = ObjectLiteral> = SharedIndexOptions<Entity> &
  (
    | {
        /** Indexed properties, in order. */
        readonly columns: readonly (keyof Entity & string)[];
        readonly expression?: never;
      }
    | {
        /**
         * SQL of the indexed columns, without the parentheses, e.g. `lower(email), created_at DESC`. Never
         * build it from user input.
         */
        readonly expression: string;
        readonly columns?: never;
      }
  );

/** A declared index and the name of its class. @publicApi */
export interface DeclaredIndex {
  readonly className: string;
  readonly options: OnlineIndexOptions;
}
