import { whereShape } from '../classification/where-shape.js';
import { isObject, type Json, list, nameParts, nodeOf, text, visit } from '../parser/parser-nodes.js';

/**
 * How many rows of a table a query reads: `some`, if a LIMIT, an EXISTS or a condition on a value bounds them; `all`;
 * `perhaps all`, if the plan or the values decide. All without an index of the columns, otherwise some.
 */
export type Extent = 'some' | 'perhaps all' | 'all' | { readonly allWithoutIndexOf: readonly string[] };

/** What the query around a query takes of its rows. */
export type Demand = 'all rows' | 'few rows';

/** Where a query is. */
export interface QueryPlace {
  readonly demand: Demand;
  /** Names of the relations of the queries around it, with which its condition can compare. */
  readonly outer: ReadonlySet<string>;
}

/** What a query takes of the rows of the queries in its FROM, of its CTEs, and of the sides of its UNION. */
export function demandOfFrom(select: Json, place: QueryPlace): Demand {
  const takesFew = streams(select) && list(select['sortClause']).length === 0 && isLimited(select, place);
  return takesFew || isBounded(select, place) ? 'few rows' : 'all rows';
}

/** The rows that a query reads of each table in its FROM. */
export function extentOf(select: Json, place: QueryPlace): Extent {
  if (isBounded(select, place)) return 'some';
  const columns = isOfOneTable(select) ? columnsOfExtremes(select) : undefined;
  if (columns) return { allWithoutIndexOf: columns };
  const isAll = isOfOneTable(select) && (isTautology(select['whereClause']) || isAntiJoin(select));
  const extent = isAll ? 'all' : 'perhaps all';
  return isLimited(select, place) ? extentOfFew(select, extent) : extent;
}

/** @param extent of the query if all its rows are taken */
function extentOfFew(select: Json, extent: Extent): Extent {
  const isGrouped = list(select['groupClause']).length > 0 || isDistinct(select);
  if (!streams(select)) return isGrouped ? 'perhaps all' : extent;
  if (list(select['sortClause']).length > 0)
    return isOfOneTable(select) ? extentOfSort(select, extent) : 'some';
  return isTautology(select['whereClause']) || hasLimit(select) ? 'some' : 'perhaps all';
}

function isOfOneTable({ fromClause }: Json): boolean {
  const [first, ...others] = list(fromClause);
  return others.length === 0 && !nodeOf(first, 'JoinExpr');
}

/** A LIMIT does not help a sort that no index can do. */
function extentOfSort(select: Json, extent: Extent): Extent {
  const key = nodeOf(list(select['sortClause'])[0], 'SortBy')?.['node'];
  const column = columnOf(key);
  if (column !== undefined) return { allWithoutIndexOf: [column] };
  return nodeOf(key, 'FuncCall') && !hasNode(key, 'ColumnRef') ? extent : 'some';
}

/** A condition on a value, or on a row of a query around it. */
function isBounded(select: Json, { outer }: QueryPlace): boolean {
  const where = select['whereClause'];
  if (where === undefined) return false;
  const conjuncts = conjunctsOf(where).filter((conjunct) => !isOpenExistence(conjunct));
  return conjuncts.some(
    (conjunct) => whereShape(conjunct, '').selective || isCorrelated(conjunct, select, outer),
  );
}

/** Only NOT EXISTS: for each row, PostgreSQL looks for a partner. */
function isAntiJoin({ whereClause }: Json): boolean {
  const isNegated = (conjunct: unknown) => nodeOf(conjunct, 'BoolExpr')?.['boolop'] === 'NOT_EXPR';
  return conjunctsOf(whereClause).every((conjunct) => isNegated(conjunct) && isOpenExistence(conjunct));
}

function isTautology(where: unknown): boolean {
  return where === undefined || whereShape(where, '').tautology;
}

function conjunctsOf(condition: unknown): readonly unknown[] {
  const bool = nodeOf(condition, 'BoolExpr');
  return bool?.['boolop'] === 'AND_EXPR' ? list(bool['args']).flatMap(conjunctsOf) : [condition];
}

/** EXISTS or NOT EXISTS of a query without a condition on a value bounds nothing. */
function isOpenExistence(conjunct: unknown): boolean {
  const bool = nodeOf(conjunct, 'BoolExpr');
  if (bool?.['boolop'] === 'NOT_EXPR') return list(bool['args']).every(isOpenExistence);
  const link = nodeOf(conjunct, 'SubLink');
  const select = nodeOf(link?.['subselect'], 'SelectStmt');
  if (link?.['subLinkType'] !== 'EXISTS_SUBLINK' || !select) return false;
  return !isBounded(select, { demand: 'few rows', outer: new Set() });
}

/** `b.id = a.b_id`, where `a` is a relation of a query around it. A column without a relation may be one of that too. */
function isCorrelated(conjunct: unknown, select: Json, outer: QueryPlace['outer']): boolean {
  if (!nodeOf(conjunct, 'A_Expr')) return false;
  const own = new Set(list(select['fromClause']).flatMap(namesOf));
  let compares = false;
  visit({ conjunct }, (kind, { fields }) => {
    const relation = kind === 'ColumnRef' ? nameParts(fields).at(-2) : undefined;
    if (relation !== undefined && outer.has(relation) && !own.has(relation)) compares = true;
    return kind !== 'SubLink';
  });
  return compares || (outer.size > 0 && own.size === 1 && whereShape(conjunct, '').joinOnly);
}

function namesOf(item: unknown): readonly string[] {
  const names: string[] = [];
  visit({ item }, (kind, { relname, alias }) => {
    const name = isObject(alias) ? text(alias['aliasname']) : undefined;
    if (kind === 'RangeVar' || kind === 'RangeSubselect') names.push(name ?? text(relname) ?? '');
    return kind !== 'RangeSubselect';
  });
  return names;
}

function isLimited(select: Json, { demand }: QueryPlace): boolean {
  return hasLimit(select) || demand === 'few rows';
}

function hasLimit(select: Json): boolean {
  const limit = select['limitCount'];
  // LIMIT ALL and LIMIT NULL.
  return limit !== undefined && nodeOf(limit, 'A_Const')?.['isnull'] !== true;
}

/** Its rows come while it reads: it neither counts nor compares all of them first. */
function streams(select: Json): boolean {
  const { op, all, groupClause, havingClause, targetList, sortClause } = select;
  if (op !== undefined && op !== 'SETOP_NONE') return op === 'SETOP_UNION' && all === true;
  if (list(groupClause).length > 0 || havingClause !== undefined || isDistinct(select)) return false;
  let isPlain = true;
  visit({ targetList, sortClause }, (kind, fields) => {
    if (kind === 'FuncCall' && (isAggregate(fields) || fields['over'] !== undefined)) isPlain = false;
    return kind !== 'SubLink';
  });
  return isPlain;
}

function isDistinct({ distinctClause }: Json): boolean {
  return list(distinctClause).length > 0;
}

const AGGREGATES =
  /^(?:count|sum|avg|min|max|mode|every|(?:array|string|xml|jsonb?|jsonb?_object|range|range_intersect)_?agg(?:_strict|_unique)?|(?:bool|bit)_(?:and|or|xor)|(?:stddev|variance|var)(?:_pop|_samp)?|(?:corr|covar|regr|percentile)_?\w*|any_value)$/;

function isAggregate({
  funcname,
  over,
  agg_star,
  agg_within_group,
  agg_filter,
  agg_distinct,
}: Json): boolean {
  if (over !== undefined) return false;
  if ([agg_star, agg_within_group, agg_distinct].includes(true) || agg_filter !== undefined) return true;
  return AGGREGATES.test(nameParts(funcname).at(-1) ?? '');
}

/** The columns of a query that only asks for the smallest and largest values, which an index gives at once. */
function columnsOfExtremes(select: Json): readonly string[] | undefined {
  const { targetList, groupClause, havingClause } = select;
  if (list(groupClause).length > 0 || havingClause !== undefined) return undefined;
  const columns: string[] = [];
  let isOther = false;
  visit({ targetList }, (kind, fields) => {
    if (kind === 'SubLink') return false;
    if (kind === 'ColumnRef') isOther = true;
    if (kind !== 'FuncCall' || !isAggregate(fields)) return true;
    const column = columnOf(list(fields['args'])[0]);
    const isExtreme = /^(?:min|max)$/.test(nameParts(fields['funcname']).at(-1) ?? '');
    if (isExtreme && column !== undefined && fields['agg_filter'] === undefined) columns.push(column);
    else isOther = true;
    return false;
  });
  return isOther || columns.length === 0 ? undefined : columns;
}

function columnOf(value: unknown): string | undefined {
  return nameParts(nodeOf(value, 'ColumnRef')?.['fields']).at(-1);
}

function hasNode(tree: unknown, wanted: string): boolean {
  let isFound = false;
  visit({ tree }, (kind) => {
    if (kind === wanted) isFound = true;
    return !isFound;
  });
  return isFound;
}
