import type { Columns, Decoder } from './decoders.js';

/** A row's columns in PostgreSQL's text format, in the order of the select list. */
export type TextRow = readonly (string | null)[];

/** A statement returned no row although it must return one. This is a bug in this library. */
export class MissingRowError extends Error {
  constructor() {
    super('a statement of nestjs-backfill returned no row although it must return one');
    this.name = 'MissingRowError';
  }
}

/**
 * The rows that one statement returned.
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
  return Object.fromEntries(
    entries.map(([name, decoder], index) => [name, decoder(row[index] ?? null)]),
  ) as T;
}

/** The results of the statements of one pipeline, in their order. */
export class PipelineResult {
  readonly #rows: readonly (readonly TextRow[])[];
  readonly #types: readonly (readonly number[] | undefined)[];

  /**
   * @param rows of each statement
   * @param types see `StatementResult.types`
   */
  constructor(rows: readonly (readonly TextRow[])[], types: readonly (readonly number[] | undefined)[]) {
    this.#rows = rows;
    this.#types = types;
  }

  /** The result of one statement. @param index from 0; a negative index counts from the end */
  at(index: number): StatementResult {
    return new StatementResult(this.#rows.at(index) ?? [], this.#types.at(index));
  }

  /** The result of the last statement. */
  get last(): StatementResult {
    return this.at(-1);
  }

  /**
   * The results of some of the statements. The session uses it to remove the results of its own statements,
   * e.g. BEGIN.
   */
  slice(start: number, end?: number): PipelineResult {
    return new PipelineResult(this.#rows.slice(start, end), this.#types.slice(start, end));
  }
}
