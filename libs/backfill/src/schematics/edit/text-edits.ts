/** Text that is inserted at a position of a file. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** The text with each insertion at its place. */
export function withInsertions(text: string, insertions: readonly Insertion[]): string {
  return [...insertions]
    .sort((a, b) => b.at - a.at)
    .reduce((result, { at, text: added }) => result.slice(0, at) + added + result.slice(at), text);
}

/** The white space at the beginning of the line of a position. */
export function indentationAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start))?.[0] ?? '';
}
