import type { BackfillDefinition } from '../definition/definition.js';
import type { Count } from '../pending/pending.counter.js';

export interface PlanFindings {
  /** The index that serves the pending predicate; null if there is none. */
  readonly index: string | null;
  /** The reason why the declared index cannot be used; null if it can, or if none is declared. */
  readonly indexProblem: string | null;
  /** Null if the pending rows could not be counted. Then the plan does not warn of a missing index. */
  readonly pending: Count | null;
  /** The error of the measured batch; null if it did not fail. */
  readonly batchProblem: string | null;
}

const NO_INDEX =
  'No index serves the pending predicate: the sweep follows the primary key, and each probe reads the table. ' +
  'Create a partial index with the predicate as its condition to make both cheap.';
const PROCESS_NOT_RUN =
  'process() was not run, because it may have effects that a rollback does not undo. Its rate is known only after the start of a run.';

/** The warnings of a plan, one sentence or two for each. */
export function planWarnings(definition: BackfillDefinition, findings: PlanFindings): string[] {
  const { batchProblem } = findings;
  const warnings = [
    indexWarning(definition, findings),
    definition.kind === 'process' ? PROCESS_NOT_RUN : null,
    batchProblem === null ? null : `The rehearsed batch failed and was rolled back: ${batchProblem}`,
  ];
  return warnings.filter((warning) => warning !== null);
}

function indexWarning(
  { index: declared }: BackfillDefinition,
  { index, indexProblem, pending }: PlanFindings,
): string | null {
  if (indexProblem !== null) return indexProblem;
  if (index !== null || pending === null) return null;
  if (declared === null) return NO_INDEX;
  return declared.build === 'after'
    ? `The index "${declared.name}" is built after this backfill: until then, the proof that no row is pending reads the table once.`
    : `The index "${declared.name}" exists but does not serve the pending predicate: compare its columns and its condition with \`where\`.`;
}
