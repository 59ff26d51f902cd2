import type { EntityTarget, ObjectLiteral } from 'typeorm';

/** An access method of PostgreSQL. */
export type IndexMethod = 'btree' | 'hash' | 'gin' | 'gist' | 'spgist' | 'brin';

interface SharedIndexOptions<Entity extends ObjectLiteral> {
  /** The index's name in the database; stable. */
  readonly name: string;
  readonly entity: EntityTarget<Entity>;
  /** @default false */
  readonly unique?: boolean;
  /** The predicate of a partial index, in SQL with the table's own column names. @default every row */
  readonly where?: string;
  /** Properties that the index carries along without being ordered by them. @default none */
  readonly include?: readonly (keyof Entity & string)[];
  /** @default 'btree' */
  readonly using?: IndexMethod;
}

/** What an index is on: properties of the entity, or SQL. */
export type OnlineIndexOptions<Entity extends ObjectLiteral = ObjectLiteral> = SharedIndexOptions<Entity> &
  (
    | {
        /** Properties, in the order of the index. */
        readonly columns: readonly (keyof Entity & string)[];
        readonly expression?: never;
      }
    | {
        /** As it stands between the parentheses: `lower(email), created_at DESC`. Never built from user input. */
        readonly expression: string;
        readonly columns?: never;
      }
  );

/** A declared index and the class that declares it. */
export interface DeclaredIndex {
  readonly className: string;
  readonly options: OnlineIndexOptions;
}
