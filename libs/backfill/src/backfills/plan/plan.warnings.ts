import type { BackfillDefinition } from '../definition/definition.js';
import { formatQuantity } from '../../text/quantity.format.js';
import { MAX_UNACCEPTED_ROWS, type CascadeMeter } from '../batch/cascade/cascade.meter.js';
import { indexAdvice, type IndexFindings } from './index.advice.js';

export interface PlanFindings extends IndexFindings {
  /** The error of the measured batch; null if it did not fail. */
  readonly batchProblem: string | null;
  /** What the changes of the measured batch took along; null if no foreign key reacts to them. */
  readonly cascades: CascadeMeter | null;
}

const PROCESS_NOT_RUN =
  'process() was not run, because it may have effects that a rollback does not undo. Its rate is known only after the start of a run.';

/** The warnings of a plan, one sentence or two for each. */
export function planWarnings(definition: BackfillDefinition, findings: PlanFindings): string[] {
  const { batchProblem } = findings;
  return [
    ...cascadeWarnings(findings),
    ...inexactWarnings(definition),
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
      ({ constraint, table, event }) =>
        `No index of ${table} serves its foreign key ${constraint}, so that each ${event === 'DELETE' ? 'deleted' : 'changed'} row reads the whole table. Build one first, with @OnlineIndex.`,
    );
  if (cascades.isAccepted || cascades.expected(pending?.rows ?? null) <= MAX_UNACCEPTED_ROWS)
    return unindexed;
  const bound = formatQuantity(MAX_UNACCEPTED_ROWS, 'row');
  return [
    ...unindexed,
    `The run is refused: its changes take more than ${bound} along, and \`cascades: 'accepted'\` is not declared.`,
  ];
}

/** Types whose values JavaScript cannot hold exactly, and what is lost. */
const INEXACT: readonly { readonly types: RegExp; readonly loss: string }[] = [
  { types: /^(timestamp|timestamptz|timestamp with(out)? time zone)$/, loss: 'a Date has no microseconds' },
  { types: /^jsonb?$/, loss: 'a number in JavaScript has 53 bits' },
];

/** Columns of `transform` that are read, changed and written back. A value that it returns as it was read is kept. */
function inexactWarnings(definition: BackfillDefinition): string[] {
  if (definition.kind !== 'transform') return [];
  return definition.writes
    .filter((column) => definition.reads.includes(column) && !definition.asText.has(column))
    .flatMap(({ propertyPath, type }) => {
      const inexact = INEXACT.find(({ types }) => typeof type === 'string' && types.test(type));
      return inexact
        ? [
            `transform() reads and writes "${propertyPath}", and ${inexact.loss}: a value that it changes loses the rest. Read it exactly: \`reads: { ${propertyPath}: 'text' }\`. Or with \`set\`, PostgreSQL computes the value.`,
          ]
        : [];
    });
}
