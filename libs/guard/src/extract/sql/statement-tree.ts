import { isObject, kindOf, list, nameParts, nodeOf, text, visit, type Json } from 'nestjs-backfill-sql/tree';
import { NotMovableError } from './not-movable.error.js';
import type { RowRelation } from './row-references.js';

export function relationOf(range: Json): RowRelation {
  const alias = isObject(range['alias']) ? text(range['alias']['aliasname']) : undefined;
  return { schema: text(range['schemaname']), name: text(range['relname']) ?? '', alias };
}

/** @throws {NotMovableError} for ONLY: a backfill changes the rows of child tables too */
export function assertWithChildren(range: Json): void {
  if (range['inh'] !== true)
    throw new NotMovableError('it uses ONLY, but a backfill also changes the child tables');
}

/**
 * Refuses what no backfill can repeat in batches.
 *
 * @throws {NotMovableError}
 */
export function assertMovable(statement: Json): void {
  visit({ statement }, (kind, fields) => {
    if (kind === 'CurrentOfExpr') throw new NotMovableError('WHERE CURRENT OF needs its cursor');
    if (kind === 'LockingClause') throw new NotMovableError('it locks rows with FOR UPDATE or FOR SHARE');
    if (kind === 'ParamRef') throw new NotMovableError('a parameter of the query is not a constant');
    if (kind === 'SetToDefault') throw new NotMovableError('it assigns DEFAULT; write the value instead');
    if (kind === 'CommonTableExpr' && !nodeOf(fields['ctequery'], 'SelectStmt'))
      throw new NotMovableError('one of its CTEs also changes rows');
    if (kind === 'withClause' && fields['recursive'] === true)
      throw new NotMovableError('it has a recursive CTE');
    return true;
  });
}

/** The names of the tables in a tree, without schemas and without its CTEs. */
export function tablesIn(tree: unknown): readonly string[] {
  const tables = new Set<string>();
  const ctes = new Set<string>();
  visit({ tree }, (kind, fields) => {
    if (kind === 'CommonTableExpr') ctes.add(text(fields['ctename']) ?? '');
    if (kind === 'RangeVar') tables.add(text(fields['relname']) ?? '');
    return true;
  });
  return [...tables].filter((table) => !ctes.has(table));
}

/** The last parts of all column references; `*` for a star. */
export function columnsIn(tree: unknown): ReadonlySet<string> {
  const columns = new Set<string>();
  visit({ tree }, (kind, fields) => {
    if (kind === 'ColumnRef') columns.add(lastPart(fields));
    return true;
  });
  return columns;
}

export function lastPart(column: Json): string {
  const fields = list(column['fields']);
  return nodeOf(fields.at(-1), 'A_Star') ? '*' : (nameParts(fields).at(-1) ?? '');
}

/** The queries inside a tree that read a table. */
export function queriesOf(tree: unknown, table: string): readonly Json[] {
  const found: Json[] = [];
  visit({ tree }, (kind, fields) => {
    if (kind === 'SelectStmt' && tablesIn(fields['fromClause']).includes(table)) found.push(fields);
    return true;
  });
  return found;
}

/** The parts of a condition that are connected by AND. */
export function conjunctsOf(condition: unknown): readonly unknown[] {
  const bool = nodeOf(condition, 'BoolExpr');
  return bool?.['boolop'] === 'AND_EXPR' ? list(bool['args']).flatMap(conjunctsOf) : [condition];
}

/** Whether a tree is a reference to a column of the row. @param isAlone no other relation is in scope */
export function isColumnOf(
  tree: unknown,
  column: string,
  { row, isAlone }: { readonly row: RowRelation; readonly isAlone: boolean },
): boolean {
  const reference = nodeOf(tree, 'ColumnRef');
  if (!reference || lastPart(reference) !== column) return false;
  const parts = nameParts(reference['fields']);
  return parts.length === 1 ? isAlone : parts.at(-2) === (row.alias ?? row.name);
}

/** Whether a tree may read one of some columns of the row; `*` counts as all of them. */
export function mayRead(tree: unknown, columns: ReadonlySet<string>, row: RowRelation): boolean {
  let reads = false;
  visit({ tree }, (kind, fields) => {
    if (kind !== 'ColumnRef') return true;
    const parts = nameParts(fields['fields']);
    const isOfOther = parts.length > 1 && parts.at(-2) !== (row.alias ?? row.name);
    const last = lastPart(fields);
    if (!isOfOther && last !== '*' && columns.has(last)) reads = true;
    return true;
  });
  return reads;
}

export function kindName(tree: unknown): string {
  return kindOf(tree)?.[0] ?? '';
}
