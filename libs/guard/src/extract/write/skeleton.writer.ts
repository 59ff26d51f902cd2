import type { Skeleton } from '../code/move.types.js';
import type { BackfillParts, TableReference } from './generated.types.js';

/**
 * A process backfill that holds the code of the migration. It fails until a person has completed it: code that
 * goes through all rows at once cannot be cut into batches mechanically.
 */
export function skeletonParts(
  { code, runner }: Skeleton,
  { type }: TableReference,
  migration: string,
): BackfillParts {
  return {
    kind: 'process',
    options: [
      '  // Complete this: the rows that are still pending. process() must make it false for each row.',
      '  where: `true`,',
      '  // Complete this: the properties that process() reads.',
      '  reads: [],',
      '  catchUp: false,',
    ],
    implemented: `ProcessBackfill<${type}>`,
    body: [
      '  /** Set it to true when `where`, `reads` and process() are complete. */',
      '  readonly isComplete: boolean = false;',
      '',
      '  // Runs in the transaction of a batch, on locked rows.',
      `  async process(batch: ProcessBatch<${type}>, manager: EntityManager): Promise<void> {`,
      `    if (!this.isComplete) throw new Error('The code of ${migration} is not adapted to batches yet.');`,
      `    const ${runner} = manager.queryRunner;`,
      `    if (!${runner} || batch.rows.length === 0) return;`,
      `    // From ${migration}. Change it so that it only changes \`batch.rows\`.`,
      ...code.split('\n').map((line) => (line.trim() === '' ? '' : `    ${line}`)),
      '  }',
    ],
    types: ['ProcessBackfill', 'ProcessBatch'],
    imports: [`import type { EntityManager } from 'typeorm';`],
  };
}
