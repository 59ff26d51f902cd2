import { toArrayText } from './text-format.js';

/** Collects a statement's parameters while its text is written: `add` returns the placeholder, with its type. */
export class Parameters {
  readonly #values: (string | null)[];

  /** @param initial the values of `$1` …, for text that was written before */
  constructor(initial: readonly (string | null)[] = []) {
    this.#values = [...initial];
  }

  get values(): readonly (string | null)[] {
    return this.#values;
  }

  /** @param type written as it stands: a type's name from the catalogue, never from outside */
  add(value: string | number | null, type: string): string {
    this.#values.push(value === null ? null : String(value));
    return `$${this.#values.length}::${type}`;
  }

  /** @param type of its elements, written as it stands */
  addArray(values: readonly (string | null)[] | null, type = 'text'): string {
    return this.add(values === null ? null : toArrayText(values), `${type}[]`);
  }
}
