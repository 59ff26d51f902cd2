import type { BackfillDefinition } from '../definition/definition.js';
import { formatQuantity } from '../../text/quantity.format.js';
import { MAX_UNACCEPTED_ROWS, type CascadeMeter } from '../batch/cascade/cascade.meter.js';
import { indexAdvice, type IndexFindings } from './index.advice.js';

export interface PlanFindings extends IndexFindings {
  /** The error of the measured batch; null if it did not fail. */
  readonly batchProblem: string | null;
  /** What the deletes of the measured batch took along; null if no foreign key reacts to them. */
  readonly cascades: CascadeMeter | null;
}

const PROCESS_NOT_RUN =
  'process() was not run, because it may have effects that a rollback does not undo. Its rate is known only after the start of a run.';

/** The warnings of a plan, one sentence or two for each. */
export function planWarnings(definition: BackfillDefinition, findings: PlanFindings): string[] {
  const { batchProblem } = findings;
  return [
    ...cascadeWarnings(findings),
    ...indexAdvice(definition, findings),
    ...(definition.kind === 'process' ? [PROCESS_NOT_RUN] : []),
    ...(batchProblem === null ? [] : [`The rehearsed batch failed and was rolled back: ${batchProblem}`]),
  ];
}

function cascadeWarnings({ cascades, pending }: PlanFindings): string[] {
  if (cascades === null) return [];
  const unindexed = cascades.cascades
    .filter(({ isIndexed }) => !isIndexed)
    .map(
      ({ constraint, table }) =>
        `No index of ${table} serves its foreign key ${constraint}, so that each deleted row reads the whole table. Build one first, with @OnlineIndex.`,
    );
  const { total, deleted, isAccepted } = cascades;
  const expected = total === 0 ? 0 : (total / deleted) * (pending?.rows ?? Infinity);
  if (isAccepted || expected <= MAX_UNACCEPTED_ROWS) return unindexed;
  const bound = formatQuantity(MAX_UNACCEPTED_ROWS, 'row');
  return [
    ...unindexed,
    `The run is refused: its deletes take more than ${bound} along, and \`cascades: 'accepted'\` is not declared.`,
  ];
}
