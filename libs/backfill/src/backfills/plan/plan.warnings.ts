import type { BackfillDefinition } from '../definition/definition.js';
import { indexAdvice, type IndexFindings } from './index.advice.js';

export interface PlanFindings extends IndexFindings {
  /** The error of the measured batch; null if it did not fail. */
  readonly batchProblem: string | null;
}

const PROCESS_NOT_RUN =
  'process() was not run, because it may have effects that a rollback does not undo. Its rate is known only after the start of a run.';

/** The warnings of a plan, one sentence or two for each. */
export function planWarnings(definition: BackfillDefinition, findings: PlanFindings): string[] {
  const { batchProblem } = findings;
  return [
    ...indexAdvice(definition, findings),
    ...(definition.kind === 'process' ? [PROCESS_NOT_RUN] : []),
    ...(batchProblem === null ? [] : [`The rehearsed batch failed and was rolled back: ${batchProblem}`]),
  ];
}
