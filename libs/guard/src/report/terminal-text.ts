import { shownPath } from './paths.js';

/** Control characters, and marks that reorder text. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
/** The styles of the painter, which a terminal shall interpret; or any other control character. */
const STYLES_OR_CONTROLS =
  // eslint-disable-next-line no-control-regex -- the escape character is what it is about
  /\u001b\[(?:0|1|2|31|32|33|36)m|[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Escapes what could move the cursor of a terminal, change its colours or hide other text. */
export function printable(text: string): string {
  return text.replace(CONTROLS, escaped);
}

/** The path of a file for a terminal: a name may contain any character. */
export function printablePath(file: string): string {
  return printable(shownPath(file));
}

/** The output of a command without styles: its line breaks stay. */
export function plainText(text: string): string {
  return text.replace(CONTROLS, (found: string, at: number) =>
    isLayout(found, text[at + 1]) ? found : escaped(found),
  );
}

/** The output of a command for a terminal that shows colours: its own styles and line breaks stay. */
export function styledText(text: string): string {
  return text.replace(STYLES_OR_CONTROLS, (found: string, at: number) =>
    found.length > 1 || isLayout(found, text[at + 1]) ? found : escaped(found),
  );
}

/** A carriage return alone would let a text overwrite its line. */
function isLayout(character: string, next: string | undefined): boolean {
  return character === '\n' || character === '\t' || (character === '\r' && next === '\n');
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
