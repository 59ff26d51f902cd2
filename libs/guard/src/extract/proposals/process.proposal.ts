import type { Draft, Proposal } from '../proposal.types.js';
import { backfillClass, template } from './backfill-class.js';

/** The skeleton of a process backfill for changes that no other kind fits. */
export function processProposal(draft: Draft): Proposal {
  const { sql, statement } = draft.finding;
  return backfillClass(draft, {
    kind: 'process',
    suffix: ['process'],
    options: ['  where: `false`, // the rows that are still pending'],
    implemented: `ProcessBackfill<${draft.entity}>`,
    body: [
      '  // Runs in the transaction of a batch whose rows are locked. It must make `where` false for each row.',
      `  async process(batch: ProcessBatch<${draft.entity}>, manager: EntityManager) {`,
      '    await manager.query(',
      `      ${template(sql?.text ?? `-- ${statement.replace(/\s+/g, ' ')}`)},`,
      '    );',
      '  }',
    ],
    types: ['ProcessBackfill', 'ProcessBatch'],
    imports: [`import type { EntityManager } from 'typeorm';`],
  });
}
