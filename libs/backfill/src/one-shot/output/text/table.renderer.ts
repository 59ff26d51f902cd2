import { displayWidth } from './display-width.js';

/**
 * The lines of a table; the first row is the header. The first column is aligned to the left, the other
 * columns to the right.
 *
 * @param leftColumns further columns, counted from 0, that are aligned to the left
 */
export function renderTable(
  rows: readonly (readonly string[])[],
  leftColumns: readonly number[] = [],
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - displayWidth(cell));
        return column === 0 || leftColumns.includes(column) ? cell + padding : padding + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}
