import type { EntityTarget, ObjectLiteral } from 'typeorm';

/** An index of the application: the class with `@OnlineIndex`, or the name of the index. @publicApi */
export type IndexReference = string | (abstract new (...parameters: never[]) => object);

/** The part of a declared index that a backfill needs. */
export interface KnownIndex {
  readonly name: string;
  /** The class that declares it. */
  readonly declaredBy: unknown;
  readonly entity: EntityTarget<ObjectLiteral>;
  /** `after`: it is built when every backfill that names it is complete. */
  readonly build: 'before' | 'after';
}

/** Lists the declared indexes. Provided by deploy/, because the phases do not import each other. */
export interface IndexDirectory {
  indexes(): readonly KnownIndex[];
}

/** The token of the `IndexDirectory`. */
export const INDEX_DIRECTORY = Symbol.for('nestjs-backfill:index-directory');
