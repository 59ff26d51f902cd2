import { toArrayText } from './text-format.js';

/**
 * Collects the parameters of a statement while its text is built. `add` returns a placeholder with a cast,
 * e.g. `$1::int`.
 */
export class Parameters {
  readonly #values: (string | null)[];

  /** @param initial the values of `$1` …, when the text already has placeholders */
  constructor(initial: readonly (string | null)[] = []) {
    this.#values = [...initial];
  }

  get values(): readonly (string | null)[] {
    return this.#values;
  }

  /** @param type inserted without quoting: a type name from the system catalogs, never user input */
  add(value: string | number | null, type: string): string {
    this.#values.push(value === null ? null : String(value));
    return `$${this.#values.length}::${type}`;
  }

  /** @param type of the elements, inserted without quoting */
  addArray(values: readonly (string | null)[] | null, type = 'text'): string {
    return this.add(values === null ? null : toArrayText(values), `${type}[]`);
  }
}

/**
 * An item of FROM with one column per array and one row per element. `unnest` with several arrays means this, but
 * then its name cannot be qualified.
 */
export function rowsFromArrays(arrays: readonly string[]): string {
  return `ROWS FROM (${arrays.map((array) => `pg_catalog.unnest(${array})`).join(', ')})`;
}
