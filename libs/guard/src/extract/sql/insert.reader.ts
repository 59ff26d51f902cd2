import { isObject, list, nameParts, nodeOf, text, visit, type Json } from 'nestjs-backfill-sql/tree';
import { qualified } from '../project/names.js';
import { fragment, isSameTree, type Fragment } from './fragment.js';
import { joinItems, type JoinItem } from './joins/join-items.js';
import { assertLinked } from './joins/join-links.js';
import { JoinedQuery } from './joins/joined-query.js';
import type { MovedAssignment, MovedInsert, StatementContext } from './movable.types.js';
import { NotMovableError } from './not-movable.error.js';
import { withRowReferences, type RowRelation } from './row-references.js';
import { StatementText } from './statement-text.js';
import {
  assertWithChildren,
  columnsIn,
  conjunctsOf,
  kindName,
  queriesOf,
  relationOf,
  tablesIn,
} from './statement-tree.js';
import { assertSameInBatches, volatileNotes } from './volatile-notes.js';
import { functionName, isVolatile } from './values.js';

interface SelectItem {
  readonly column: string;
  readonly piece: Fragment;
}

interface SelectPieces {
  readonly items: readonly SelectItem[];
  readonly joins: readonly JoinItem[];
  readonly where: Fragment | undefined;
  readonly with: Fragment | undefined;
}

/** Reads an INSERT … SELECT. @throws {NotMovableError} */
export function readInsert(sql: string, insert: Json, context: StatementContext): MovedInsert {
  const target = relationOf(isObject(insert['relation']) ? insert['relation'] : {});
  const select = nodeOf(insert['selectStmt'], 'SelectStmt') ?? {};
  assertRowByRow(insert, select);
  const pieces = piecesOf(sql, insert, { select, context });
  const conflict = conflictOf(insert, pieces.items, { target, context });
  const driver = driverOf(pieces, conflict);
  const row = relationOf(driver.node);
  if (row.name === target.name) throw new NotMovableError(`it copies rows of ${row.name} into itself`);
  assertOwnTarget(select, target, { items: pieces.items, conflict });
  const query = queryOf(pieces, driver, { row, context });
  const assignments = pieces.items.map(({ column, piece }): MovedAssignment => ({
    column,
    value: query.value(piece),
    tree: piece.tree,
  }));
  const condition = [select['whereClause'], select['fromClause'], select['withClause']];
  assertSameInBatches(select, condition);
  const where = query.exists([]);
  return {
    kind: 'copy',
    row,
    target,
    assignments,
    where: where === 'true' ? undefined : where,
    conflict,
    sources: tablesIn(select),
    columns: new Set([...columnsIn(insert), ...pieces.items.map(({ column }) => column)]),
    notes: [
      ...(select['sortClause'] === undefined ? [] : ['rows are copied in the order of the primary key']),
      ...volatileNotes(select['targetList'], condition),
    ],
  };
}

const AGGREGATE =
  /^(?:count|sum|avg|min|max|every|bool_and|bool_or|bit_and|bit_or|bit_xor|string_agg|.*_agg|.*_agg_strict|.*_agg_unique|any_value|corr|covar_\w+|regr_\w+|stddev\w*|var\w*|variance|mode|percentile_\w+|rank|dense_rank|percent_rank|cume_dist|row_number|ntile|lag|lead|first_value|last_value|nth_value)$/;
const SET_RETURNING =
  /^(?:unnest|generate_\w+|\w+_to_table|jsonb?_array_elements\w*|jsonb?_each\w*|jsonb?_object_keys|regexp_matches|jsonb?_to_recordset|jsonb?_populate_recordset|jsonb_path_query)$/;

/** Refuses a query that does not give one row for each row of a table. @throws {NotMovableError} */
function assertRowByRow(insert: Json, select: Json): void {
  const has = (key: string): boolean => select[key] !== undefined;
  if (select['op'] !== 'SETOP_NONE') throw new NotMovableError('it has UNION, INTERSECT or EXCEPT');
  if (list(select['fromClause']).length === 0)
    throw new NotMovableError(
      'it inserts rows that no table has, so there is nothing to go through in batches. Keep it in a migration with `static readonly allowsData`',
    );
  if (list(insert['cols']).length === 0)
    throw new NotMovableError('it does not name the columns that it inserts');
  if (list(insert['cols']).some((column) => list(nodeOf(column, 'ResTarget')?.['indirection']).length > 0))
    throw new NotMovableError('it inserts a part of a column');
  if (has('distinctClause')) throw new NotMovableError('DISTINCT makes one row of several');
  if (has('groupClause') || has('havingClause'))
    throw new NotMovableError('GROUP BY makes one row of several');
  if (has('limitCount') || has('limitOffset')) throw new NotMovableError('LIMIT counts over all rows');
  if (has('windowClause')) throw new NotMovableError('it has window functions');
  if ((insert['override'] ?? 'OVERRIDING_NOT_SET') !== 'OVERRIDING_NOT_SET')
    throw new NotMovableError('it has OVERRIDING');
  for (const target of list(select['targetList'])) assertScalar(target);
}

function assertScalar(tree: unknown): void {
  visit({ tree }, (kind, fields) => {
    if (kind === 'FuncCall' && (fields['over'] !== undefined || AGGREGATE.test(functionName(fields))))
      throw new NotMovableError(`${functionName(fields)}() makes one value of several rows`);
    if (kind === 'FuncCall' && SET_RETURNING.test(functionName(fields)))
      throw new NotMovableError(`${functionName(fields)}() makes several rows of one`);
    // Aggregates of a sub-query belong to the sub-query.
    return kind !== 'SubLink';
  });
}

function piecesOf(
  sql: string,
  insert: Json,
  { select, context: { parser } }: { readonly select: Json; readonly context: StatementContext },
): SelectPieces {
  const tokens = new StatementText(parser, sql);
  const at = (word: string, from: number): number => tokens.find(from, (token) => token.word === word);
  const start = at('insert', 0);
  if (start > 0) throw new NotMovableError('it has a WITH clause');
  if (select['withClause'] !== undefined) throw new NotMovableError('its query has a WITH clause');
  const first = at('select', start);
  const end = tokens.find(first, ({ word }, index) => word === 'returning' || isConflict(tokens, index));
  const order = Math.min(at('order', first), end);
  const where = Math.min(at('where', first), order);
  const from = Math.min(
    tokens.find(first, ({ word }, index) => word === 'from' && tokens.word(index - 1) !== 'distinct'),
    where,
  );
  if (first >= end || from >= where) throw new NotMovableError('its query is in parentheses');
  const clause = select['whereClause'];
  return {
    items: itemsOf(tokens, insert, { select, parser, range: [first + 1, from] }),
    joins: joinItems(parser, tokens.slice(from + 1, where), select['fromClause']),
    where:
      clause === undefined
        ? undefined
        : fragment(parser, 'where', { text: tokens.slice(where + 1, order), tree: clause }),
    with: undefined,
  };
}

function isConflict(tokens: StatementText, at: number): boolean {
  return tokens.word(at) === 'on' && tokens.word(at + 1) === 'conflict';
}

interface ItemScope {
  readonly select: Json;
  readonly parser: StatementContext['parser'];
  readonly range: readonly [from: number, to: number];
}

function itemsOf(
  tokens: StatementText,
  insert: Json,
  { select, parser, range }: ItemScope,
): readonly SelectItem[] {
  const columns = list(insert['cols']).map((column) => text(nodeOf(column, 'ResTarget')?.['name']) ?? '');
  const targets = list(select['targetList']).map((target) => nodeOf(target, 'ResTarget') ?? {});
  const parts = tokens.split(...range);
  if (columns.length !== targets.length || parts.length !== targets.length)
    throw new NotMovableError('its columns and its values do not correspond one to one');
  return targets.map((target, index) => {
    const [from, to] = parts[index] ?? [0, 0];
    const end = target['name'] === undefined ? to : tokens.word(to - 2) === 'as' ? to - 2 : to - 1;
    const piece = fragment(parser, 'value', { text: tokens.slice(from, end), tree: target['val'] });
    return { column: columns[index] ?? '', piece };
  });
}

/** The columns that identify a copied row. @throws {NotMovableError} if none is known */
function conflictOf(
  insert: Json,
  items: readonly SelectItem[],
  { target, context }: { readonly target: RowRelation; readonly context: StatementContext },
): readonly string[] {
  const clause = isObject(insert['onConflictClause']) ? insert['onConflictClause'] : undefined;
  if (clause && clause['action'] !== 'ONCONFLICT_NOTHING')
    throw new NotMovableError('ON CONFLICT DO UPDATE changes rows that exist already');
  const infer = isObject(clause?.['infer']) ? clause['infer'] : undefined;
  const named = list(infer?.['indexElems']).map((element) => text(nodeOf(element, 'IndexElem')?.['name']));
  const isPlain = infer?.['whereClause'] === undefined && named.every((name) => name !== undefined);
  const inserted = new Set(items.map(({ column }) => column));
  const keys = [
    ...(named.length > 0 && isPlain ? [named as readonly string[]] : []),
    ...context.uniqueKeys(qualified(target)),
  ];
  const key = keys.find((columns) => columns.length > 0 && columns.every((column) => inserted.has(column)));
  if (!key)
    throw new NotMovableError(
      `it inserts no key of ${target.name} that is known: a copied row could not be told from a missing one. Name unique columns with ON CONFLICT (…) DO NOTHING`,
    );
  for (const { column, piece } of items)
    if (key.includes(column) && isVolatile(piece.tree))
      throw new NotMovableError(
        `the value of ${column}, which identifies the row, differs from call to call`,
      );
  return key;
}

/** The relation whose rows become the rows of the target. */
function driverOf({ items, joins }: SelectPieces, conflict: readonly string[]): JoinItem {
  const isInner = joins.every(({ join }) => join === 'inner');
  const key = items.find(({ column }) => column === conflict[0])?.piece.tree;
  const qualifier = nameParts(nodeOf(key, 'ColumnRef')?.['fields']).at(-2);
  const named = joins.find(({ node }) => {
    const { alias, name } = relationOf(node);
    return qualifier !== undefined && (alias ?? name) === qualifier;
  });
  const driver = (isInner ? named : undefined) ?? joins[0];
  if (!driver || kindName(list(driver.piece.tree)[0]) !== 'RangeVar')
    throw new NotMovableError('its rows do not come from a table');
  assertWithChildren(driver.node);
  return driver;
}

/**
 * A query that reads the target may only look for the row that it would insert.
 *
 * @throws {NotMovableError}
 */
function assertOwnTarget(
  select: Json,
  target: RowRelation,
  { items, conflict }: { readonly items: readonly SelectItem[]; readonly conflict: readonly string[] },
): void {
  const readers = queriesOf(select, target.name);
  const guards = conjunctsOf(select['whereClause']).flatMap((condition) => {
    const negated = nodeOf(condition, 'BoolExpr');
    const exists =
      negated?.['boolop'] === 'NOT_EXPR' ? nodeOf(list(negated['args'])[0], 'SubLink') : undefined;
    const inner =
      exists?.['subLinkType'] === 'EXISTS_SUBLINK' ? nodeOf(exists['subselect'], 'SelectStmt') : undefined;
    return inner ? [inner] : [];
  });
  const isAllowed = (query: Json): boolean =>
    guards.includes(query) &&
    conflict.every((column) => {
      const value = items.find((item) => item.column === column)?.piece.tree;
      return conjunctsOf(query['whereClause']).some((condition) => compares(condition, column, value));
    });
  if (!readers.every(isAllowed))
    throw new NotMovableError(
      `it reads ${target.name}, into which it inserts: later batches would see other rows`,
    );
}

function compares(condition: unknown, column: string, value: unknown): boolean {
  const comparison = nodeOf(condition, 'A_Expr');
  if (comparison?.['kind'] !== 'AEXPR_OP' || nameParts(comparison['name']).join('') !== '=') return false;
  const sides = [comparison['lexpr'], comparison['rexpr']];
  const isColumn = (side: unknown): boolean =>
    nameParts(nodeOf(side, 'ColumnRef')?.['fields']).at(-1) === column;
  return sides.some((side, at) => isColumn(side) && isSameTree(sides[1 - at], value));
}

function queryOf(
  pieces: SelectPieces,
  driver: JoinItem,
  { row, context: { parser, uniqueKeys } }: { readonly row: RowRelation; readonly context: StatementContext },
): JoinedQuery {
  const { joins, where } = pieces;
  const over = (piece: Fragment): string => withRowReferences(parser, piece, row);
  const others = joins.filter((item) => item !== driver);
  assertLinked({
    driver,
    others,
    conditions: [where?.tree, ...joins.map(({ on }) => on?.tree)],
    keysOf: (relation) => uniqueKeys(qualified(relation)),
  });
  const base = { with: undefined, from: undefined, where, matches: 'one' } as const;
  const quals = joins.flatMap(({ on }) => (on === undefined ? [] : [over(on)]));
  if (others.length === 0) return new JoinedQuery(parser, row, { ...base, conditions: quals });
  if (joins.every(({ join }) => join === 'inner'))
    return new JoinedQuery(parser, row, {
      ...base,
      fromText: others.map(({ piece }) => over(piece)).join(', '),
      conditions: quals,
    });
  // A left join keeps the row without a match, so it is joined to a single row in place of the driver.
  const chain = others.map(
    ({ piece, join, on }) =>
      `${join === 'left' ? 'LEFT JOIN' : 'JOIN'} ${over(piece)} ON ${on === undefined ? 'true' : over(on)}`,
  );
  return new JoinedQuery(parser, row, { ...base, fromText: `(SELECT) AS one_row ${chain.join(' ')}` });
}
