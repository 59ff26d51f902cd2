import { quoteIdentifier } from '../../postgres/identifiers.js';

/** Whether the text of an SQL fragment contains a column's name as a word. */
export function mentionsColumn(sql: string, column: string): boolean {
  if (sql.includes(quoteIdentifier(column))) return true;
  return new RegExp(`(?<![\\w$])${column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w$])`, 'i').test(sql);
}
