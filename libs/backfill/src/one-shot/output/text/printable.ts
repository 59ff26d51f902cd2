/**
 * Escapes control characters and marks that reorder text, so that no value from the database can move the
 * cursor of a terminal or hide other text.
 */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The printable text on one line: line breaks become spaces. */
export function printableLine(text: string): string {
  return printable(text.replace(/\s*[\r\n]+\s*/g, ' '));
}

/** The printable text with its own line breaks. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** `5`, or `(5, x)` for a composite key. */
export function formatKey(key: readonly string[]): string {
  const parts = key.map(printable);
  return parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(', ')})`;
}
