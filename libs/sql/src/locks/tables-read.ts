import { type Json, list, nodeOf, text, visit } from '../parser/parser-nodes.js';
import type { TableName } from '../classification/statement.types.js';
import { whereShape } from '../classification/where-shape.js';

/** A table that a query names in a FROM. */
export interface TableRead {
  readonly table: TableName;
  /** No LIMIT and no condition on a value bounds the rows, so that PostgreSQL reads all of them. */
  readonly isWhole: boolean;
  /** FOR UPDATE, FOR SHARE and the like: the rows stay locked until the transaction ends. */
  readonly locksRows: boolean;
}

/** The tables of the application that a query reads, at any depth. Those of the catalog are left out. */
export function tablesRead(select: Json): readonly TableRead[] {
  const found: TableRead[] = [];
  const common = new Set<string>();
  visit({ SelectStmt: select }, (kind, fields) => {
    if (kind === 'CommonTableExpr') common.add(text(fields['ctename']) ?? '');
    // A UNION has a query on each side, which are no nodes.
    if (kind === 'SelectStmt' || kind === 'larg' || kind === 'rarg') found.push(...readsOf(fields));
    return true;
  });
  return found.filter(({ table }) => table.schema !== undefined || !common.has(table.name));
}

function readsOf(select: Json): readonly TableRead[] {
  const isWhole = select['limitCount'] === undefined && !isBounded(select['whereClause']);
  const locksRows = list(select['lockingClause']).length > 0;
  return list(select['fromClause'])
    .flatMap(tablesOf)
    .map((table) => ({ table, isWhole, locksRows }));
}

function isBounded(condition: unknown): boolean {
  return condition !== undefined && whereShape(condition, '').selective;
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
