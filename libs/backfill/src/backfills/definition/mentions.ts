/** Whether SQL names a column, as far as its text tells. */
export function mentions(sql: string, column: string): boolean {
  return new RegExp(`(?<![\\w$])${column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w$])`, 'i').test(sql);
}
