import type { Machine } from '../../evaluate/machine/machine.types.js';
import type { NamingStrategy } from './naming.js';

export interface ColumnsContext {
  readonly machine: Machine;
  /** The project's strategy first. */
  readonly strategies: readonly NamingStrategy[];
}

/** The embedded objects around a property. */
export interface Embedding {
  /** The properties, for messages. */
  readonly path: readonly string[];
  readonly prefixes: readonly string[];
  readonly isDoubtful: boolean;
}

export const NOT_EMBEDDED: Embedding = { path: [], prefixes: [], isDoubtful: false };
