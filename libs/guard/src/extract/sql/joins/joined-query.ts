import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type { Fragment } from '../fragment.js';
import { refersToOthers, withRowReferences, type RowRelation } from '../row-references.js';

/** The clauses of a statement besides its row. */
export interface JoinedClauses {
  readonly with: Fragment | undefined;
  /** The relations that are joined to the row. */
  readonly from: Fragment | undefined;
  readonly where: Fragment | undefined;
  /** FROM as text over `this_row`, where it differs from the statement's. */
  readonly fromText?: string | undefined;
  /** Conditions of joins that were moved into WHERE. */
  readonly conditions?: readonly string[];
  /** Several matches with the same value count as one. @default 'same-value' */
  readonly matches?: 'one' | 'same-value';
}

/**
 * The joins and conditions of a statement as queries that belong to one row. A join with several matches for
 * one row has no certain value, so PostgreSQL reports an error instead of choosing one.
 */
export class JoinedQuery {
  readonly #parser: SqlParser;
  readonly #row: RowRelation;
  readonly #with: string;
  readonly #from: string | undefined;
  readonly #where: readonly string[];
  readonly #select: string;

  constructor(parser: SqlParser, row: RowRelation, clauses: JoinedClauses) {
    this.#parser = parser;
    this.#row = row;
    this.#select = clauses.matches === 'one' ? 'SELECT' : 'SELECT DISTINCT';
    const over = (piece: Fragment | undefined): string | undefined =>
      piece && withRowReferences(parser, piece, row);
    const ctes = over(clauses.with);
    this.#with = ctes === undefined ? '' : `${ctes} `;
    this.#from = clauses.fromText ?? over(clauses.from);
    const where = over(clauses.where);
    this.#where = [...(clauses.conditions ?? []), ...(where === undefined ? [] : [where])];
  }

  /** No other relation is in scope. */
  get isAlone(): boolean {
    return this.#from === undefined;
  }

  /** A value for the row. */
  value(piece: Fragment): string {
    const sql = withRowReferences(this.#parser, piece, this.#row);
    if (this.#from !== undefined && refersToOthers(piece.tree, this.#row))
      return `(${this.#with}${this.#select} ${sql} FROM ${this.#from}${this.#condition})`;
    return this.#with === '' || this.#from !== undefined ? sql : `(${this.#with}SELECT ${sql})`;
  }

  /** The condition that the statement's joins and WHERE select the row, and further conditions hold. */
  exists(further: readonly string[]): string {
    if (this.#from !== undefined) {
      const query = `EXISTS (${this.#with}SELECT 1 FROM ${this.#from}${this.#condition})`;
      return conjunction([query, ...further]);
    }
    if (this.#with === '') return conjunction([...this.#where, ...further]);
    return conjunction([
      ...(this.#where.length === 0 ? [] : [`(${this.#with}SELECT ${conjunction(this.#where)})`]),
      ...further,
    ]);
  }

  get #condition(): string {
    return this.#where.length === 0 ? '' : ` WHERE ${conjunction(this.#where)}`;
  }
}

/** The conditions connected by AND; `true` if there is none. */
export function conjunction(conditions: readonly string[]): string {
  if (conditions.length === 0) return 'true';
  return conditions.length === 1
    ? (conditions[0] ?? '')
    : conditions.map((each) => `(${each})`).join(' AND ');
}
