const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

/**
 * The number of terminal columns of a text: exact enough to align a table and to keep a line from wrapping.
 */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += /\p{M}|\u200d/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** @returns the text; cut and ended with `…` where it is wider than `columns` */
export function clip(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let clipped = '';
  for (const character of text) {
    if (displayWidth(clipped + character) > columns - 1) break;
    clipped += character;
  }
  return columns > 0 ? `${clipped}…` : '';
}
