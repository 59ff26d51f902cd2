import type { OrmEvent, OrmVerb } from '../../evaluate/machine/event.types.js';
import { knownText } from '../../evaluate/values/text-value.js';
import {
  everyRow,
  highIfGrowing,
  insertLoop,
  type Judgement,
  type JudgementContext,
  low,
  medium,
  rowLoop,
  selectedRows,
  truncation,
} from './judgement.js';
import { sizeOf, type TableSize, withSize } from './table-growth.js';
import { isKeyColumn } from './where-conditions.js';

/** The severity of a write through TypeORM, whose SQL is not in the code. */
export function severityOfOrm(
  event: OrmEvent,
  { memory, tables }: Pick<JudgementContext, 'memory' | 'tables'>,
): Judgement {
  const table = event.entity?.table ?? '';
  const size = sizeOf(table, tables);
  if (event.loops.includes('rows'))
    return event.verb === 'insert' ? insertLoop(size, event.loops) : rowLoop();
  if (memory.hasCreated(table)) return low('this migration created the table');
  const judgement = SEVERITY_BY_VERB[event.verb](event, size);
  return { ...judgement, reason: withSize(judgement.reason, table, tables) };
}

const SEVERITY_BY_VERB = {
  truncate: (_event, size) => truncation(size),
  insert: (event, size) => listOfRows(event, size, { verb: 'inserts', single: 'it inserts constants' }),
  save: (event, size) => listOfRows(event, size, { verb: 'saves', single: 'it saves single rows' }),
  update: changeOfRows,
  delete: changeOfRows,
} as const satisfies Record<OrmVerb, (event: OrmEvent, size: TableSize) => Judgement>;

interface ListWording {
  readonly verb: string;
  readonly single: string;
}

/** A write that receives the rows. TypeORM sends a statement for each, or for each chunk. */
function listOfRows({ rows, list }: OrmEvent, size: TableSize, { verb, single }: ListWording): Judgement {
  if (rows !== undefined) return low(single);
  switch (list) {
    case 'read':
      return highIfGrowing(size, `it ${verb} all rows of a list that the migration reads`);
    case 'code':
      return low(`it ${verb} a list that the code builds`);
    default:
      return medium(`it ${verb} a list of unknown length`);
  }
}

function changeOfRows(event: OrmEvent, size: TableSize): Judgement {
  const { conditions } = event;
  if (conditions === undefined)
    return listOfRows(event, size, { verb: 'changes', single: 'it changes single rows' });
  if (conditions.length === 0) return withoutCondition(event, size);
  const table = event.entity?.table ?? '';
  if (conditions.some((condition) => selectsByKey(condition, table)))
    return low('its condition selects single rows by a key');
  return selectedRows(size, 'its condition is selective');
}

function withoutCondition({ verb }: OrmEvent, size: TableSize): Judgement {
  return verb === 'delete' && size !== 'growing'
    ? truncation(size)
    : everyRow(size, 'it has no condition, so it changes every row');
}

type Condition = NonNullable<OrmEvent['conditions']>[number];

function selectsByKey({ columns, text, facts }: Condition, table: string): boolean {
  if (facts.rows) return false;
  if (columns.some((column) => isKeyColumn(column, table))) return true;
  const known = text && knownText(text);
  return known !== undefined && /\b(?:id|name|key|code|slug|email)"?\s*(?:=\s*|in\s*\(\s*):/i.test(known);
}
