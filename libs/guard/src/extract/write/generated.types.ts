import type { Move } from '../code/move.types.js';

/** A file that `extract` writes. */
export interface GeneratedFile {
  /** Absolute path. */
  readonly path: string;
  readonly code: string;
}

/** A backfill class in place of a data change. */
export interface Backfill {
  readonly move: Move;
  readonly kind: 'set' | 'copy' | 'purge' | 'process' | 'transform';
  /** The backfill's name in the ledger. */
  readonly name: string;
  readonly className: string;
  readonly file: GeneratedFile;
}

/** How a backfill refers to a table. */
export interface TableReference {
  /** The entity or the EntitySchema, as the code names it. */
  readonly entity: string;
  /** The type of its rows. */
  readonly type: string;
  readonly importLine: string;
  readonly properties: readonly string[];
  readonly propertyOf: (column: string) => string;
}

/** The parts of a backfill class that differ by kind. */
export interface BackfillParts {
  readonly kind: Backfill['kind'];
  /** Lines of the decorator's options, after `name` and `entity`. */
  readonly options: readonly string[];
  /** The implemented interface; undefined if there is none. */
  readonly implemented?: string;
  /** Lines of the class. @default [] */
  readonly body?: readonly string[];
  /** Types from `nestjs-backfill`. @default [] */
  readonly types?: readonly string[];
  /** Other import statements. @default [] */
  readonly imports?: readonly string[];
}
