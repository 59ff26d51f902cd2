import { list, nameParts, nodeOf } from '../parser/parser-nodes.js';
import { loadParser } from '../parser/sql-parser.js';

/** The columns that a condition proves to be not null: `a IS NOT NULL AND b <> ''` proves `a`. */
export function columnsProvenBy(expression: unknown): readonly string[] {
  const both = nodeOf(expression, 'BoolExpr');
  if (both?.['boolop'] === 'AND_EXPR') return list(both['args']).flatMap(columnsProvenBy);
  const test = nodeOf(expression, 'NullTest');
  if (test?.['nulltesttype'] !== 'IS_NOT_NULL') return [];
  return nameParts(nodeOf(test['arg'], 'ColumnRef')?.['fields']).slice(-1);
}

/**
 * The columns that a CHECK proves to be not null.
 *
 * @param check as PostgreSQL's `pg_get_expr` prints it
 * @publicApi
 */
export async function columnsProvenByText(check: string): Promise<readonly string[]> {
  if (!check.includes('IS NOT NULL')) return [];
  const parsed = (await loadParser()).parse(`SELECT ${check}`);
  const select = parsed.ok ? nodeOf(parsed.value.stmts[0]?.stmt, 'SelectStmt') : undefined;
  return list(select?.['targetList']).flatMap((target) =>
    columnsProvenBy(nodeOf(target, 'ResTarget')?.['val']),
  );
}
