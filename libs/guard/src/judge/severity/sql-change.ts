import type { DataFinding } from 'nestjs-backfill-sql';
import type { JudgementContext } from './judgement.js';
import type { TableSize } from './table-growth.js';

/** A change of rows by SQL, with what decides its severity. */
export interface SqlChange {
  readonly finding: DataFinding;
  readonly context: JudgementContext;
  /** The changed table with its schema; empty for large objects. */
  readonly table: string;
  readonly size: TableSize;
  readonly inRowLoop: boolean;
}
