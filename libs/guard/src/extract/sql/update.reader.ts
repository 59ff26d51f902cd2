import { isObject, list, nodeOf, text, type Json } from 'nestjs-backfill-sql/tree';
import { qualified } from '../project/names.js';
import { fragment, type Fragment } from './fragment.js';
import { becomesFalse, guardsOf } from './guards.js';
import { JoinedQuery } from './joins/joined-query.js';
import type { MovedUpdate, StatementContext } from './movable.types.js';
import { NotMovableError } from './not-movable.error.js';
import type { RowRelation } from './row-references.js';
import { StatementText } from './statement-text.js';
import {
  assertWithChildren,
  columnsIn,
  isColumnOf,
  mayRead,
  queriesOf,
  relationOf,
  tablesIn,
} from './statement-tree.js';
import { assertSameInBatches, volatileNotes } from './volatile-notes.js';
import { changesText, isNeverNull, isRepeatable, isVolatile, type AssignedColumn } from './values.js';

interface ReadAssignment {
  readonly column: string;
  readonly value: Fragment;
  /** SQL over `this_row`. */
  readonly sql: string;
}

/** Reads an UPDATE. @throws {NotMovableError} */
export function readUpdate(sql: string, update: Json, context: StatementContext): MovedUpdate {
  const range = isObject(update['relation']) ? update['relation'] : {};
  assertWithChildren(range);
  const row = { ...relationOf(range), columns: new Set(assignedColumns(update)) };
  const { query, assignments } = piecesOf(sql, update, { context, row });
  const read = assignments.map(({ column, value }): ReadAssignment => ({
    column,
    value,
    sql: query.value(value),
  }));
  const written = new Set(read.map(({ column }) => column));
  const keyColumn = context.primaryKey(qualified(row)).find((column) => written.has(column));
  if (keyColumn !== undefined)
    throw new NotMovableError(
      `it changes ${keyColumn}, a column of the primary key, in whose order batches go`,
    );
  for (const inner of queriesOf(update, row.name))
    if ([...columnsIn(inner)].some((column) => column === '*' || written.has(column)))
      throw new NotMovableError(
        `it reads ${[...written].join(', ')} of other rows of ${row.name}, which it changes itself`,
      );
  const condition = [update['whereClause'], update['fromClause'], update['withClause']];
  assertSameInBatches(update, condition);
  const fresh = [...context.newColumns(row.name)].filter((column) => written.has(column));
  const predicate = predicateOf(update['whereClause'], read, { query, row, fresh });
  return {
    kind: 'set',
    row,
    assignments: read.map(({ column, value, sql: over }) => ({ column, value: over, tree: value.tree })),
    ...predicate,
    sources: tablesIn([
      update['fromClause'],
      update['whereClause'],
      update['targetList'],
      update['withClause'],
    ]),
    columns: new Set([...columnsIn(update), ...written]),
    notes: [...notesOf(read), ...volatileNotes(update['targetList'], condition)],
  };
}

function assignedColumns(update: Json): readonly string[] {
  return list(update['targetList']).map((target) => text(nodeOf(target, 'ResTarget')?.['name']) ?? '');
}

interface Pieces {
  readonly query: JoinedQuery;
  readonly assignments: readonly { readonly column: string; readonly value: Fragment }[];
}

function piecesOf(
  sql: string,
  update: Json,
  { context: { parser }, row }: { readonly context: StatementContext; readonly row: RowRelation },
): Pieces {
  const tokens = new StatementText(parser, sql);
  const at = (word: string, from: number): number => tokens.find(from, (token) => token.word === word);
  const start = at('update', 0);
  const set = at('set', start);
  const isFrom = (_: unknown, index: number): boolean =>
    tokens.word(index) === 'from' && tokens.word(index - 1) !== 'distinct';
  const end = at('returning', set);
  const where = Math.min(at('where', set), end);
  const from = Math.min(tokens.find(set, isFrom), where);
  const clause = (kind: Fragment['kind'], [first, last]: readonly [number, number], tree: unknown) =>
    tree === undefined ? undefined : fragment(parser, kind, { text: tokens.slice(first, last), tree });
  const query = new JoinedQuery(parser, row, {
    with: clause('with', [0, start], update['withClause']),
    from: clause('from', [from + 1, where], update['fromClause']),
    where: clause('where', [where + 1, end], update['whereClause']),
  });
  const targets = list(update['targetList']).map((target) => nodeOf(target, 'ResTarget') ?? {});
  const parts = tokens.split(set + 1, from);
  if (parts.length !== targets.length)
    throw new NotMovableError(
      'it assigns several columns at once; write `a = …, b = …` instead of `(a, b) = …`',
    );
  const assignments = targets.map((target, index) => {
    if (list(target['indirection']).length > 0)
      throw new NotMovableError('it assigns a part of a column; assign the whole column');
    if (nodeOf(target['val'], 'MultiAssignRef'))
      throw new NotMovableError('it assigns several columns at once; write `a = …` instead of `(a) = …`');
    const [first, last] = parts[index] ?? [0, 0];
    const equals = tokens.find(first, (token) => token.word === '=');
    const value = fragment(parser, 'value', { text: tokens.slice(equals + 1, last), tree: target['val'] });
    return { column: text(target['name']) ?? '', value };
  });
  return { query, assignments };
}

interface PredicateScope {
  readonly query: JoinedQuery;
  readonly row: RowRelation;
  /** Assigned columns that are NULL in every row before the statement. */
  readonly fresh: readonly string[];
}

/** The pending predicate: true for the rows that the statement would change, false once they are changed. */
function predicateOf(
  where: unknown,
  assignments: readonly ReadAssignment[],
  { query, row, fresh }: PredicateScope,
): Pick<MovedUpdate, 'where' | 'guards' | 'pinned'> {
  const scope = { row, isAlone: query.isAlone };
  const columns = assignments.map(({ column }) => column);
  const guards = new Map([
    ...guardsOf(where, columns, scope),
    ...fresh.map((column) => [column, [null]] as const),
  ]);
  const others = [...columnsIn(where)].filter((column) => !columns.includes(column));
  const pinned = guardsOf(where, others, scope);
  const assigned = new Map(assignments.map(({ column, value }) => [column, value.tree]));
  if (becomesFalse(where, assigned, scope)) return { where: query.exists([]), guards, pinned };
  const isNullGuarded = new Set(
    [...guards].flatMap(([column, values]) => (isOnlyNull(values) ? [column] : [])),
  );
  const changes = assignments.map((assignment) =>
    changeOf(assignment, { row, isNullBefore: isNullGuarded.has(assignment.column), columns }),
  );
  const isNull = fresh.map((column) => `this_row."${column}" IS NULL`);
  // If one change is certain for each row, the others need no test.
  const tests = changes.includes('true') ? [] : [changes.join(' OR ')];
  return { where: query.exists([...isNull, ...tests]), guards, pinned };
}

function isOnlyNull(values: readonly (string | null)[]): boolean {
  return values.length === 1 && values[0] === null;
}

interface ChangeScope {
  readonly row: RowRelation;
  /** The column is NULL in every pending row. */
  readonly isNullBefore: boolean;
  readonly columns: readonly string[];
}

/**
 * Whether the assignment changes the row, as SQL. It is false for the changed row.
 *
 * @throws {NotMovableError} for a value that a second evaluation would change again
 */
function changeOf(
  { column, value, sql }: ReadAssignment,
  { row, isNullBefore, columns }: ChangeScope,
): string {
  if (isNullBefore) return isNeverNull(value.tree) ? 'true' : `${parenthesized(sql)} IS NOT NULL`;
  const written = new Set(columns);
  const isStable = (tree: unknown): boolean => !isVolatile(tree) && !mayRead(tree, written, row);
  const isColumn = (tree: unknown): boolean => isColumnOf(tree, column, { row, isAlone: true });
  const isFixed =
    isStable(value.tree) ||
    isRepeatable(value.tree, { isColumn, isStable }) ||
    isLookup(value.tree, { isColumn, isStable });
  if (!isFixed)
    throw new NotMovableError(
      isVolatile(value.tree)
        ? `the value of ${column} differs from call to call, and no condition of the WHERE becomes false`
        : `the value of ${column} depends on a column that it changes, so a repeated batch would change it again`,
    );
  const isText = changesText(value.tree);
  // With some collations and types, texts are equal that differ in case. The byte order tells them apart.
  const side = (side: string): string => (isText ? `${side}::text COLLATE "C"` : side);
  return `${side(`this_row."${column}"`)} IS DISTINCT FROM ${side(parenthesized(sql))}`;
}

/**
 * `(SELECT name FROM profiles WHERE …)` for `name`. If `name` is a column of profiles, it does not change; if
 * it is the row's own column, the row keeps its value.
 */
function isLookup(tree: unknown, { isColumn, isStable }: AssignedColumn): boolean {
  const link = nodeOf(tree, 'SubLink');
  const select =
    link?.['subLinkType'] === 'EXPR_SUBLINK' ? nodeOf(link['subselect'], 'SelectStmt') : undefined;
  const [target, ...others] = list(select?.['targetList']);
  return (
    select !== undefined &&
    others.length === 0 &&
    isColumn(nodeOf(target, 'ResTarget')?.['val']) &&
    isStable({ ...select, targetList: [] })
  );
}

/** In parentheses, unless it is a literal, a name or a query that has them. */
function parenthesized(sql: string): string {
  return /^(?:'[^']*'|[\w."]+)$/.test(sql) || isEnclosed(sql) ? sql : `(${sql})`;
}

/** Whether the first parenthesis closes at the end. */
function isEnclosed(sql: string): boolean {
  if (!/^\(SELECT [^'"]*\)$/.test(sql)) return false;
  let depth = 0;
  for (const [at, character] of [...sql].entries()) {
    if (character === '(') depth++;
    if (character === ')' && --depth === 0) return at === sql.length - 1;
  }
  return false;
}

function notesOf(assignments: readonly ReadAssignment[]): readonly string[] {
  const isSequence = assignments.some(({ sql }) => /\bnextval\s*\(/i.test(sql));
  return isSequence ? ['nextval() counts in the order of the primary key'] : [];
}
