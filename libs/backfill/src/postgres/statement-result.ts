import type { Columns, Decoder } from './decoders.js';

/** A row's columns in PostgreSQL's text format, in the order of the select list. */
export type TextRow = readonly (string | null)[];

/** A statement returned no row although it must return one: a fault of this library. */
export class MissingRowError extends Error {
  constructor() {
    super('a statement of this library returned no row although it must return one');
    this.name = 'MissingRowError';
  }
}

/**
 * What one statement returned.
 *
 * @example
 * const { status, reason } = result.one({ status: text, reason: nullable(text) });
 */
export class StatementResult {
  readonly rows: readonly TextRow[];
  /** The OIDs of the columns' types, for a statement that was sent with `typed`. */
  readonly types: readonly number[] | undefined;

  constructor(rows: readonly TextRow[], types?: readonly number[]) {
    this.rows = rows;
    this.types = types;
  }

  /** The first row. @throws MissingRowError when there is none */
  one<T>(columns: Columns<T>): T {
    const [row] = this.rows;
    if (row === undefined) throw new MissingRowError();
    return decode(row, columns);
  }

  /** The first row; undefined when there is none. */
  first<T>(columns: Columns<T>): T | undefined {
    const [row] = this.rows;
    return row && decode(row, columns);
  }

  all<T>(columns: Columns<T>): T[] {
    return this.rows.map((row) => decode(row, columns));
  }

  /** The first column of the first row. @throws MissingRowError when there is no row */
  value<T>(decoder: Decoder<T>): T {
    const [row] = this.rows;
    if (row === undefined) throw new MissingRowError();
    return decoder(row[0] ?? null);
  }

  /** The first column of the first row; undefined when there is no row. */
  firstValue<T>(decoder: Decoder<T>): T | undefined {
    const [row] = this.rows;
    return row && decoder(row[0] ?? null);
  }

  /** The first column of every row. */
  values<T>(decoder: Decoder<T>): T[] {
    return this.rows.map((row) => decoder(row[0] ?? null));
  }
}

function decode<T>(row: TextRow, columns: Columns<T>): T {
  const entries = Object.entries(columns) as [keyof T, Decoder<T[keyof T]>][];
  return Object.fromEntries(entries.map(([name, decoder], at) => [name, decoder(row[at] ?? null)])) as T;
}
