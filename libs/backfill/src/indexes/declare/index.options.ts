import type { EntityTarget, ObjectLiteral } from 'typeorm';

/** An index access method of PostgreSQL. @publicApi */
export type IndexMethod = 'btree' | 'hash' | 'gin' | 'gist' | 'spgist' | 'brin';

interface SharedIndexOptions<Entity extends ObjectLiteral> {
  /** Name in the database, at most 63 bytes. Keep it stable. */
  readonly name: string;
  /** The entity whose table has the index. */
  readonly entity: EntityTarget<Entity>;
  /** Whether the keys must be unique. @default false */
  readonly unique?: boolean;
  /** Predicate of a partial index, as SQL with the table's column names. @default every row */
  readonly where?: string;
  /** Properties that the index stores without ordering by them (`INCLUDE`). @default none */
  readonly include?: readonly (keyof Entity & string)[];
  /** Access method. @default 'btree' */
  readonly using?: IndexMethod;
}

/** What `@OnlineIndex` takes: properties of the entity, or an expression. @publicApi */
export type OnlineIndexOptions<Entity extends ObjectLiteral = ObjectLiteral> = SharedIndexOptions<Entity> &
  (
    | {
        /** Indexed properties, in order. */
        readonly columns: readonly (keyof Entity & string)[];
        readonly expression?: never;
      }
    | {
        /** SQL inside the parentheses, e.g. `lower(email), created_at DESC`. Never build it from user input. */
        readonly expression: string;
        readonly columns?: never;
      }
  );

/** A declared index and the name of its class. @publicApi */
export interface DeclaredIndex {
  readonly className: string;
  readonly options: OnlineIndexOptions;
}
