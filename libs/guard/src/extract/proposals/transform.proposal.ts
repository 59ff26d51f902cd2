import type { Draft, Proposal } from '../proposal.types.js';
import { ROW } from '../row-references.js';
import { backfillClass, propertyOf, template } from './backfill-class.js';

/** The skeleton of a transform backfill for a loop over rows. */
export function transformProposal(draft: Draft): Proposal {
  const columns = draft.finding.sql?.set.map(({ column }) => column) ?? draft.finding.columns ?? [];
  const properties = columns.map((column) => propertyOf(draft, column));
  const [first] = columns;
  const where = first === undefined ? 'false' : `${ROW}."${first}" IS NULL`;
  return backfillClass(draft, {
    kind: 'transform',
    suffix: columns,
    options: [
      `  where: ${template(where)}, // the rows that are still pending`,
      '  reads: [], // the properties that transform() reads',
      `  writes: [${properties.map((property) => `'${property}'`).join(', ')}],`,
    ],
    implemented: `TransformBackfill<${draft.entity}>`,
    body: [
      '  // Move the body of the loop here. `rows` are the locked rows of one batch, in key order.',
      `  transform(rows: readonly ${draft.entity}[]) {`,
      '    return rows.map((row) => ({',
      ...properties.map((property) => `      ${property}: row.${property},`),
      '    }));',
      '  }',
    ],
    types: ['TransformBackfill'],
  });
}
