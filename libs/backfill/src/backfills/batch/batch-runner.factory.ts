import type { BatchRunner } from './batch.js';
import { ProcessBatchRunner } from './process/process.batch.js';
import type { RowSelection } from './row-selection.js';
import { copyChange } from './sql/copy.change.js';
import { purgeChange } from './sql/purge.change.js';
import { setChange } from './sql/set.change.js';
import { SqlBatchRunner } from './sql/sql.batch.js';
import { TransformBatchRunner } from './transform/transform.batch.js';

/** Creates the batch runner for the kind of the backfill. */
export function createBatchRunner(selection: RowSelection): BatchRunner {
  const { definition } = selection;
  switch (definition.kind) {
    case 'set':
      return new SqlBatchRunner(selection, setChange(selection, definition));
    case 'copy':
      return new SqlBatchRunner(selection, copyChange(selection, definition));
    case 'purge':
      return new SqlBatchRunner(selection, purgeChange(selection, definition));
    case 'transform':
      return new TransformBatchRunner(selection, definition);
    case 'process':
      return new ProcessBatchRunner(selection, definition);
  }
}
