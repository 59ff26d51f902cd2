/** Characters of a value in a line of the log. */
const MAX_LENGTH = 300;

/** What could end a line, colour or clear a terminal, hide, or reverse the direction of a text. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** A text of others on one line of a log: what a terminal would obey is escaped, and the length is bounded. */
export function logText(text: string): string {
  const escaped = text.slice(0, MAX_LENGTH + 1).replace(UNSAFE, (character) => `\\u${hex(character)}`);
  return escaped.length > MAX_LENGTH ? `${escaped.slice(0, MAX_LENGTH)}…` : escaped;
}

/** As `logText`, in quotes, so that its end is seen: neither a quote nor a backslash of the text can hide it. */
export function quotedLogText(text: string): string {
  return `"${logText(text.replace(/["\\]/g, '\\$&'))}"`;
}

/** The stack of an error: its text on one line, then the places in the code. @param stack as `stackOf` has it */
export function logStack(stack: string): string {
  const lines = stack.split('\n');
  const first = lines.findIndex((line) => /^ {4}at /.test(line));
  const [text, frames] = first < 0 ? [lines, []] : [lines.slice(0, first), lines.slice(first)];
  return [logText(text.join(' ')), ...frames.map(logText)].join('\n');
}

function hex(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
}
