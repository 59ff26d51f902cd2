import type { BatchRunner } from './batch.js';
import { ProcessBatchRunner } from './process.batch.js';
import type { RowSelection } from './row-selection.js';
import { copyChange, purgeChange, setChange, SqlBatchRunner } from './sql.batch.js';
import { TransformBatchRunner } from './transform.batch.js';

/** The way of changing rows that the backfill declares. */
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
