import type { Facts, Value } from '../values/value.types.js';

/** A function whose code cannot be read. */
export interface UnknownCallee {
  /** The last name of the expression. */
  readonly name: string;
  readonly expression: string;
  readonly receiver?: Value;
  readonly facts: Facts;
}
