import type { BackfillDefinition } from '../definition/definition.js';
import type { Count } from '../pending/pending.counter.js';

export interface IndexFindings {
  /** The index that serves the pending predicate; null if there is none. */
  readonly index: string | null;
  /** The reason why the declared index cannot be used; null if it can, or if none is declared. */
  readonly indexProblem: string | null;
  /** The index that prevents heap-only updates of the written columns; null if there is none. */
  readonly blockingIndex: string | null;
  /** Null if the pending rows could not be counted. */
  readonly pending: Count | null;
  /** Rows of the table, pending or not; null if not known. */
  readonly tableRows: number | null;
}

/**
 * Up to this share of the table's rows, an index of the pending rows pays: reading the other rows then takes
 * longer than changing the pending ones. Reading a row costs about a fiftieth of changing it.
 */
const FEW_PENDING_SHARE = 0.02;

/**
 * Whether an index of the pending rows pays for the sweep and the proof. While most rows are pending, both
 * read them in any case.
 *
 * @returns null if it is not known
 */
export function indexPays({
  pending,
  tableRows,
}: Pick<IndexFindings, 'pending' | 'tableRows'>): boolean | null {
  if (pending === null || tableRows === null) return null;
  return pending.rows <= tableRows * FEW_PENDING_SHARE;
}

/** What to know of the indexes before the run, one or two sentences for each. */
export function indexAdvice({ index: declared }: BackfillDefinition, findings: IndexFindings): string[] {
  const { blockingIndex, index, indexProblem, pending } = findings;
  if (pending?.rows === 0) return [];
  const pays = indexPays(findings);
  const isMost = pays === false;
  const isBuiltFirst = declared?.build === 'before' && indexProblem !== null;
  const advice = [
    indexProblem,
    isMost && isBuiltFirst && blockingIndex !== declared.name ? LATER : null,
    isMost && blockingIndex !== null ? prevents(blockingIndex) : null,
    index === null && indexProblem === null ? missingAdvice(declared, pays) : null,
  ];
  return advice.filter((sentence) => sentence !== null);
}

const LATER =
  "Most rows are pending, so that the sweep and the proof do not need the index. If its predicate contains a written column, declare it with `build: 'after'`: the updates then stay heap-only.";
const NO_INDEX =
  'Few of many rows are pending, and no index finds them: the sweep and the proof read the whole table. Create a partial index with the predicate as its condition first.';

function prevents(index: string): string {
  return (
    `The index "${index}" contains a column that this backfill writes: no update is heap-only, so that each writes more WAL and an entry into every index. ` +
    "While most rows are pending, neither the sweep nor the proof needs such an index. Build it after the backfill: `@OnlineIndex({ build: 'after' })`."
  );
}

function missingAdvice(declared: BackfillDefinition['index'], pays: boolean | null): string | null {
  if (declared === null) return pays === true ? NO_INDEX : null;
  return declared.build === 'after'
    ? `The index "${declared.name}" is built after this backfill: until then, the proof that no row is pending reads the table once.`
    : `The index "${declared.name}" exists but does not serve the pending predicate: compare its columns and its condition with \`where\`.`;
}
