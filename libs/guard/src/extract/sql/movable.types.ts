import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type { RowRelation } from './row-references.js';

/** What the reader of a statement knows from the migration around it. */
export interface StatementContext {
  readonly parser: SqlParser;
  /** Columns that the migration added before, without a default: they are NULL in every row. */
  readonly newColumns: (table: string) => ReadonlySet<string>;
  /** The columns of the primary key of a table, named with its schema. */
  readonly primaryKey: (table: string) => readonly string[];
  /** The keys of a table, named with its schema: lists of columns whose values identify a row. */
  readonly uniqueKeys: (table: string) => readonly (readonly string[])[];
}

export interface MovedAssignment {
  readonly column: string;
  /** SQL over `this_row`. */
  readonly value: string;
  /** The parse tree of the value as the statement has it. */
  readonly tree: unknown;
}

/** A statement that one backfill replaces with the same result. All SQL is over `this_row`. */
interface MovedBase {
  /** The table whose rows the backfill goes through. */
  readonly row: RowRelation;
  /** The tables that it reads besides. */
  readonly sources: readonly string[];
  /** All column names in the statement. */
  readonly columns: ReadonlySet<string>;
  /** What a reviewer should know. */
  readonly notes: readonly string[];
}

export interface MovedUpdate extends MovedBase {
  readonly kind: 'set';
  readonly assignments: readonly MovedAssignment[];
  readonly where: string;
  /**
   * Values of a column that a pending row must have; null stands for NULL. A later statement that gives the
   * column another value cannot make a row pending again.
   */
  readonly guards: ReadonlyMap<string, readonly (string | null)[]>;
  /** The same for columns that it does not change: its rows always have one of these values. */
  readonly pinned: ReadonlyMap<string, readonly (string | null)[]>;
}

export interface MovedDelete extends MovedBase {
  readonly kind: 'purge';
  readonly where: string;
}

export interface MovedInsert extends MovedBase {
  readonly kind: 'copy';
  readonly target: RowRelation;
  readonly assignments: readonly MovedAssignment[];
  readonly where: string | undefined;
  /** Columns of the target that identify a copied row. */
  readonly conflict: readonly string[];
}

export type MovedStatement = MovedUpdate | MovedDelete | MovedInsert;
