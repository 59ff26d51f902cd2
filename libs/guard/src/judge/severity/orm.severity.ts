import type { OrmEvent, OrmVerb } from '../../evaluate/machine/event.types.js';
import { knownText } from '../../evaluate/values/text-value.js';
import {
  everyRow,
  insertLoop,
  type Judgement,
  type JudgementContext,
  low,
  medium,
  rowLoop,
  selectedRows,
  truncation,
} from './judgement.js';
import { growthOf, type TableGrowth, withSize } from './table-growth.js';
import { isKeyColumn } from './where-conditions.js';

/** The severity of a write through TypeORM, whose SQL is not in the code. */
export function severityOfOrm(
  event: OrmEvent,
  { memory, tables }: Pick<JudgementContext, 'memory' | 'tables'>,
): Judgement {
  const table = event.entity?.table ?? '';
  const growth = growthOf(table, tables);
  if (event.loops.includes('rows'))
    return event.verb === 'insert' ? insertLoop(growth, event.loops) : rowLoop();
  if (memory.hasCreated(table)) return low('this migration created the table');
  const judgement = SEVERITY_BY_VERB[event.verb](event, growth);
  return { ...judgement, reason: withSize(judgement.reason, table, tables) };
}

const SEVERITY_BY_VERB = {
  truncate: (_event, growth) => truncation(growth),
  insert: ({ rows }) =>
    rows === undefined ? medium('it inserts a list of unknown length') : low('it inserts constants'),
  save: ({ rows }) =>
    rows === undefined ? medium('it saves a list of unknown length') : low('it saves single rows'),
  update: changeOfRows,
  delete: changeOfRows,
} as const satisfies Record<OrmVerb, (event: OrmEvent, growth: TableGrowth) => Judgement>;

function changeOfRows({ conditions, rows }: OrmEvent, growth: TableGrowth): Judgement {
  if (conditions === undefined)
    return rows === undefined ? medium('it changes a list of rows') : low('it changes single rows');
  if (conditions.length === 0) return everyRow(growth, 'it has no condition, so it changes every row');
  if (conditions.some(selectsByKey)) return low('its condition selects single rows by a key');
  return selectedRows(growth, 'its condition is selective');
}

function selectsByKey({ columns, text, facts }: NonNullable<OrmEvent['conditions']>[number]): boolean {
  if (facts.rows) return false;
  if (columns.some(isKeyColumn)) return true;
  const known = text && knownText(text);
  return known !== undefined && /\b(?:id|name|key|code|slug|email)"?\s*(?:=\s*|in\s*\(\s*):/i.test(known);
}
