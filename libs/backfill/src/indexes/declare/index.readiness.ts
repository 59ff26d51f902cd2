import type { DeclaredIndex } from './index.options.js';

/**
 * Whether an index with `build: 'after'` can be built. Provided by deploy/, because the phases do not import
 * each other.
 */
export interface IndexReadiness {
  /** The names of the backfills that name the index with their option `index`. Sends no query. */
  namedBy(index: DeclaredIndex): readonly string[];
  /**
   * @returns the backfills that are not complete, with their statuses, as in `leads-name, which is pending`;
   * null if every backfill that names the index is complete
   */
  waitsFor(index: DeclaredIndex): Promise<string | null>;
}

/** The token of the `IndexReadiness`. */
export const INDEX_READINESS = Symbol.for('nestjs-backfill:index-readiness');
