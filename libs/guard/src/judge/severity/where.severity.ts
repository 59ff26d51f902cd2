import type { WhereShape } from 'nestjs-backfill-sql';
import { everyRow, high, highIfGrowing, type Judgement, low, selectedRows, truncation } from './judgement.js';
import type { SqlChange } from './sql-change.js';
import { cteSelectsByKey, isWeak, selectsByKey } from './where-conditions.js';

/** The severity of an UPDATE or DELETE outside of a loop: the first rule that applies decides. */
export function severityOfWhere(change: SqlChange): Judgement {
  const { where } = change.finding;
  if (!where || where.tautology) return withoutLimit(change);
  for (const rule of WHERE_RULES) {
    const judgement = rule(where, change);
    if (judgement) return judgement;
  }
  return selectedRows(change.size, 'its WHERE is selective');
}

function withoutLimit({ finding: { operation }, size }: SqlChange): Judgement {
  const reason = 'it has no effective WHERE, so it changes every row';
  return operation === 'delete' && size !== 'growing' ? truncation(size) : everyRow(size, reason);
}

type WhereRule = (where: WhereShape, change: SqlChange) => Judgement | undefined;

const WHERE_RULES = [
  selectsSingleRows,
  joinsCteOfSingleRows,
  joinsSelectedRows,
  onlyJoins,
  testsNewColumnsForNull,
  onlyWeakConditions,
  testsNewColumns,
  nothingSelective,
] as const satisfies readonly WhereRule[];

function selectsSingleRows(where: WhereShape, { table }: SqlChange): Judgement | undefined {
  return selectsByKey(where, table) ? low('its WHERE selects single rows by a key') : undefined;
}

function joinsCteOfSingleRows(_where: WhereShape, { finding, context }: SqlChange): Judgement | undefined {
  return cteSelectsByKey(finding, context) ? low('a CTE selects single rows by a key') : undefined;
}

function joinsSelectedRows(where: WhereShape, { finding, size }: SqlChange): Judgement | undefined {
  return finding.joinsSelection && isWeak(where)
    ? selectedRows(size, 'it joins a query that selects rows')
    : undefined;
}

function onlyJoins({ joinOnly }: WhereShape, { size }: SqlChange): Judgement | undefined {
  return joinOnly ? highIfGrowing(size, 'its WHERE is only a join condition') : undefined;
}

function testsNewColumnsForNull(where: WhereShape, change: SqlChange): Judgement | undefined {
  const columns = where.onlyNullColumns;
  if (columns.length === 0 || !areNew(columns, change)) return undefined;
  const names = `"${columns.join('", "')}"`;
  return everyRow(
    change.size,
    `this migration added ${names}, which ${columns.length === 1 ? 'is' : 'are'} therefore NULL in every row`,
  );
}

function onlyWeakConditions(where: WhereShape, { size }: SqlChange): Judgement | undefined {
  return isWeak(where)
    ? highIfGrowing(size, 'its WHERE has only join conditions and IS NOT NULL tests')
    : undefined;
}

function testsNewColumns(where: WhereShape, change: SqlChange): Judgement | undefined {
  const tests = where.conjuncts.filter(({ kind }) => kind === 'filter' || kind === 'is-null');
  const onNewColumns =
    tests.length > 0 && tests.every(({ columns }) => columns.length > 0 && areNew(columns, change));
  return onNewColumns && change.size === 'growing'
    ? high('its WHERE only tests columns that this migration added, so it is true for every row')
    : undefined;
}

function nothingSelective(where: WhereShape, { size }: SqlChange): Judgement | undefined {
  return !where.selective && where.onlyNullColumns.length === 0
    ? highIfGrowing(size, 'its WHERE has no selective condition')
    : undefined;
}

function areNew(columns: readonly string[], { table, context }: SqlChange): boolean {
  return columns.every((column) => context.memory.hasAdded(table, column));
}
