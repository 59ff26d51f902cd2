/**
 * Decodes the value of one column from PostgreSQL's text format. Null means NULL.
 *
 * @throws UnexpectedNullError for a NULL that the decoder does not expect
 */
export type Decoder<T> = (value: string | null) => T;

/** A decoder for each column, in the order of the select list. */
export type Columns<T> = { readonly [Name in keyof T]: Decoder<T[Name]> };

/** A statement returned NULL in a column that is never NULL. This is a bug in this library. */
export class UnexpectedNullError extends Error {
  constructor() {
    super('a column is NULL although the statement of nestjs-backfill never returns NULL there');
    this.name = 'UnexpectedNullError';
  }
}

export const text: Decoder<string> = (value) => {
  if (value === null) throw new UnexpectedNullError();
  return value;
};

/** `integer`, `bigint` within ±2^53, `numeric`, `double precision`. */
export const number: Decoder<number> = (value) => Number(text(value));

/** PostgreSQL writes `t` and `f`; a boolean that was cast to text is `true` or `false`. */
export const boolean: Decoder<boolean> = (value) => value === 't' || value === 'true';

/** A JSON value. The statement guarantees its type. */
export function json<T>(): Decoder<T> {
  return (value) => JSON.parse(text(value)) as T;
}

/** One of a fixed set of values. A constraint of the ledger guarantees it. */
export function oneOf<T extends string>(): Decoder<T> {
  return (value) => text(value) as T;
}

export function nullable<T>(decoder: Decoder<T>): Decoder<T | null> {
  return (value) => (value === null ? null : decoder(value));
}
