const INTEGER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `12345.6` → `12,346`. */
export function renderCount(count: number): string {
  return INTEGER.format(count);
}

/** With `~` when it is an estimate. */
export function renderEstimate(count: number, isEstimate: boolean): string {
  return `${isEstimate ? '~' : ''}${renderCount(count)}`;
}

/** `1 row`, `2 rows`. */
export function renderQuantity(count: number, noun: string): string {
  return `${renderCount(count)} ${noun}${count === 1 ? '' : /(ch|s)$/.test(noun) ? 'es' : 's'}`;
}

/** @param fraction 0 to 1; done only when all is done: 99.96 % is shown as 99 % */
export function renderPercentage(fraction: number): string {
  return `${Math.floor(Math.min(Math.max(fraction, 0), 1) * 100)} %`;
}

/** @param milliseconds shown with the two largest units: `850 ms`, `12.3 s`, `4 min 05 s`, `2 h 13 min`, `3 d 4 h` */
export function renderDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1_000).toFixed(1).replace(/\.0$/, '')} s`;
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 3_600) return twoUnits(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return twoUnits(minutes, 60, 'h', 'min');
  return twoUnits(Math.round(minutes / 60), 24, 'd', 'h');
}

function twoUnits(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest ? ` ${String(rest).padStart(2, '0')} ${small}` : ''}`;
}

/**
 * Text from the database as it may stand on a terminal: control characters and marks that reorder text are escaped, so
 * that no row can move the cursor or hide another.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One line: line breaks of a database's message become spaces. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s*[\r\n]+\s*/g, ' '));
}

/** As `printable`; the text's own line breaks stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** `5`, or `(5, x)` for a composite key. */
export function renderKey(key: readonly string[]): string {
  const parts = key.map(printable);
  return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`;
}

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** Columns that the text takes on a terminal, near enough to align a table and to keep a line from wrapping. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /\p{M}|\u200d/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** @returns the text, cut with `…` where it is wider than `columns` */
export function clip(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let clipped = '';
  for (const character of text) {
    if (displayWidth(clipped + character) > columns - 1) break;
    clipped += character;
  }
  return columns > 0 ? `${clipped}…` : '';
}

/**
 * Lines of a table, the first row its head. The first column stands left, the others right.
 *
 * @param left the columns, from 0, that stand left too
 */
export function renderTable(rows: readonly (readonly string[])[], left: readonly number[] = []): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => (widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell))));
  }
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const fill = ' '.repeat((widths[column] ?? 0) - displayWidth(cell));
        return column === 0 || left.includes(column) ? cell + fill : fill + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}
