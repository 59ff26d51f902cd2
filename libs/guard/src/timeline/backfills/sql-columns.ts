import { isObject, nameParts, text, visit, type SqlParser } from 'nestjs-backfill-sql/tree';
import { isChunk } from '../../evaluate/values/text-value.js';
import type { Value } from '../../evaluate/values/value.types.js';
import type { TableName } from '../../schema/schema-change.types.js';

/** The alias of the current row in the SQL of a backfill. */
export const THIS_ROW = 'this_row';

export interface SqlColumn {
  readonly table: TableName;
  readonly column: string;
}

/**
 * The columns that an SQL expression of a backfill names: those of the row, and those of other tables with the
 * table or its alias before the name. An unqualified name in a query may belong to several tables.
 */
export function columnsOfSql(
  parser: SqlParser,
  value: Value | undefined,
  own: TableName,
): readonly SqlColumn[] {
  const sql =
    value?.kind === 'text' ? value.parts.map((part) => (isChunk(part) ? part.text : 'NULL')).join('') : '';
  const parsed = parser.parse(`SELECT (${sql})`);
  if (sql.trim() === '' || !parsed.ok) return [];
  const tables = new Map<string, TableName | undefined>([[THIS_ROW, own]]);
  const columns: (readonly string[])[] = [];
  visit({ tree: parsed.value.stmts }, (kind, fields) => {
    if (kind === 'RangeVar') addTable(tables, fields);
    if (kind === 'RangeSubselect' || kind === 'CommonTableExpr') hide(tables, fields);
    if (kind === 'ColumnRef') columns.push(nameParts(fields['fields']));
    return true;
  });
  const hasQuery = tables.size > 1;
  return columns.flatMap((parts) => {
    const [column = '', qualifier] = [parts.at(-1), parts.at(-2)];
    if (column === '' || parts.length > 2) return [];
    if (qualifier === undefined) return hasQuery ? [] : [{ table: own, column }];
    const table = tables.get(qualifier);
    return table ? [{ table, column }] : [];
  });
}

function addTable(
  tables: Map<string, TableName | undefined>,
  fields: Readonly<Record<string, unknown>>,
): void {
  const name = text(fields['relname']) ?? '';
  const schema = text(fields['schemaname']);
  const alias = isObject(fields['alias']) ? text(fields['alias']['aliasname']) : undefined;
  const known = tables.has(alias ?? name);
  // The same alias for two tables: neither is certain.
  tables.set(alias ?? name, known ? undefined : { name, ...(schema === undefined ? {} : { schema }) });
}

/** A name that a query gives to its own result. */
function hide(tables: Map<string, TableName | undefined>, fields: Readonly<Record<string, unknown>>): void {
  const alias = isObject(fields['alias']) ? text(fields['alias']['aliasname']) : text(fields['ctename']);
  if (alias !== undefined) tables.set(alias, undefined);
}
