import type { DeclaredIndex } from './index.options.js';

/** How the proof of a required backfill says how far it is, and what stops it. */
export interface ReadinessProof {
  readonly signal?: AbortSignal;
  readonly log?: (message: string) => void;
}

/**
 * Whether an index with `requires` or `build: 'after'` can be built. Provided by deploy/, because the phases do not import
 * each other.
 */
export interface IndexReadiness {
  /** The names of the backfills that name the index with their option `index`. Sends no query. */
  namedBy(index: DeclaredIndex): readonly string[];
  /** The names that an index may require: of the backfills that are declared, renamed or retired. Sends no query. */
  readonly requirable: readonly string[];
  /**
   * @param evidence a proof: the backfills in `requires` are probed for pending rows; `record`: what the ledger says
   * @returns the backfills that are not complete, with their statuses, as in `leads-name, which is pending`;
   * null if every backfill that the index requires, or that names an index with `build: 'after'`, is complete
   */
  waitsFor(index: DeclaredIndex, evidence: 'record' | ReadinessProof): Promise<string | null>;
}

/** The token of the `IndexReadiness`. */
export const INDEX_READINESS = Symbol.for('nestjs-backfill:index-readiness');
