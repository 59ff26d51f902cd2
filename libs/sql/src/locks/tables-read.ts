import { isObject, type Json, list, nodeOf, text, visit } from '../parser/parser-nodes.js';
import type { TableName } from '../classification/statement.types.js';
import { type Demand, demandOfFrom, type Extent, extentOf, type QueryPlace } from './read-extent.js';

/** A table that a query names in a FROM. */
export interface TableRead {
  readonly table: TableName;
  readonly extent: Extent;
  /** FOR UPDATE, FOR SHARE and the like, of all rows that it reads: they stay locked until the transaction ends. */
  readonly locksRows: boolean;
}

/** The tables of the application that a query reads, at any depth. Those of the catalog are left out. */
export function tablesRead(select: Json): readonly TableRead[] {
  const common = new Set<string>();
  visit({ SelectStmt: select }, (kind, fields) => {
    if (kind === 'CommonTableExpr') common.add(text(fields['ctename']) ?? '');
    return true;
  });
  return readsOf(select, { demand: 'all rows', outer: new Set() }).filter(
    ({ table }) => table.schema !== undefined || !common.has(table.name),
  );
}

function readsOf(select: Json, place: QueryPlace): readonly TableRead[] {
  const { fromClause, withClause, larg, rarg, ...rest } = select;
  const demand = demandOfFrom(select, place);
  const outer = new Set([...place.outer, ...list(fromClause).flatMap(aliasesOf)]);
  const sides = [larg, rarg].filter(isObject).flatMap((side) => readsOf(side, { ...place, demand }));
  const tables = list(fromClause).flatMap(tablesOf);
  const extent = extentOf(select, place);
  const locksRows = list(select['lockingClause']).length > 0 && select['limitCount'] === undefined;
  return [
    ...sides,
    ...tables.map((table) => ({ table, extent, locksRows })),
    ...within([fromClause, withClause], { demand, outer }),
    ...within(rest, { demand: 'all rows', outer }),
  ];
}

/** Reads of the queries in a tree. */
function within(tree: unknown, place: QueryPlace): readonly TableRead[] {
  const found: TableRead[] = [];
  visit({ tree }, (kind, fields) => {
    if (kind === 'SelectStmt') found.push(...readsOf(fields, place));
    if (kind === 'SubLink') found.push(...ofSubLink(fields, place.outer));
    return kind !== 'SelectStmt' && kind !== 'SubLink';
  });
  return found;
}

function ofSubLink({ subLinkType, subselect, testexpr }: Json, outer: QueryPlace['outer']) {
  const demand = DEMANDS[String(subLinkType)] ?? 'all rows';
  return [...within(subselect, { demand, outer }), ...within(testexpr, { demand: 'all rows', outer })];
}

/** A second row of a query in an expression is an error. */
const DEMANDS: Readonly<Record<string, Demand>> = { EXISTS_SUBLINK: 'few rows', EXPR_SUBLINK: 'few rows' };

function aliasesOf(item: unknown): readonly string[] {
  const join = nodeOf(item, 'JoinExpr');
  if (join) return [join['larg'], join['rarg']].flatMap(aliasesOf);
  const range = nodeOf(item, 'RangeVar') ?? nodeOf(item, 'RangeSubselect') ?? nodeOf(item, 'RangeFunction');
  const alias = range?.['alias'];
  const name = (isObject(alias) ? text(alias['aliasname']) : undefined) ?? text(range?.['relname']);
  return name === undefined ? [] : [name];
}

function tablesOf(item: unknown): readonly TableName[] {
  const join = nodeOf(item, 'JoinExpr');
  if (join) return [join['larg'], join['rarg']].flatMap(tablesOf);
  const range = nodeOf(item, 'RangeVar');
  const name = text(range?.['relname']);
  const schema = text(range?.['schemaname']);
  if (name === undefined || isOfCatalog(name, schema)) return [];
  return [{ name, ...(schema !== undefined && { schema }) }];
}

function isOfCatalog(name: string, schema: string | undefined): boolean {
  return schema === undefined ? name.startsWith('pg_') : /^(?:pg_|information_schema$)/.test(schema);
}
