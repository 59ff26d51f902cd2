import type { DataFinding, DmlOperation } from 'nestjs-backfill-sql';
import { fullName } from '../table-name.js';
import { severityOfInsertSelect } from './insert-select.severity.js';
import {
  high,
  insertLoop,
  type Judgement,
  type JudgementContext,
  low,
  medium,
  rowLoop,
  truncation,
} from './judgement.js';
import type { SqlChange } from './sql-change.js';
import { sizeOf, withSize } from './table-growth.js';
import { severityOfWhere } from './where.severity.js';

/** How long the statement can hold its locks: decided by its conditions and by the growth of its table. */
export function severityOfSql(finding: DataFinding, context: JudgementContext): Judgement {
  const table = finding.table ? fullName(finding.table) : '';
  const inRowLoop = context.loops.includes('rows') || finding.inLoop;
  const change = { finding, context, table, size: sizeOf(table, context.tables), inRowLoop };
  const judgement = SEVERITY_BY_OPERATION[finding.operation](change);
  return { ...judgement, reason: withSize(judgement.reason, table, context.tables) };
}

const SEVERITY_BY_OPERATION = {
  insert: rowsOfValues,
  'insert-select': (change) =>
    change.inRowLoop ? insertLoop(change.size, change.context.loops) : severityOfInsertSelect(change),
  update: rewrite,
  delete: rewrite,
  truncate: ({ size }) => truncation(size),
  merge: ({ size }) =>
    size !== 'growing' ? medium('it merges into a small table') : high('it joins whole tables'),
  copy: () => medium('it loads rows from a file'),
  'create-table-as': tableCopy,
  'select-into': tableCopy,
  'large-object': () => medium('it writes large objects'),
} as const satisfies Record<DmlOperation, (change: SqlChange) => Judgement>;

function rowsOfValues({ inRowLoop, size, context }: SqlChange): Judgement {
  if (inRowLoop) return insertLoop(size, context.loops);
  if (!context.hasRowList) return low('it inserts constants');
  return size === 'growing'
    ? medium('it inserts a list of unknown length')
    : low('it adds rows to a small table');
}

function rewrite(change: SqlChange): Judgement {
  if (change.context.memory.hasCreated(change.table)) return low('this migration created the table');
  return change.inRowLoop ? rowLoop() : severityOfWhere(change);
}

function tableCopy({ finding }: SqlChange): Judgement {
  return /\bwhere\b/i.test(finding.text)
    ? medium('it copies selected rows')
    : high('it copies a whole table');
}
