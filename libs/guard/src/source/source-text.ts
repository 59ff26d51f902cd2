/** A position in a file: `offset` in UTF-16 code units from 0, `line` and `column` from 1. */
export interface SourcePosition {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/**
 * A file's text. It keeps the offsets of its lines, so a position costs a binary search instead of a scan.
 */
export class SourceText {
  #lineStarts: readonly number[] | undefined;

  constructor(
    /** Absolute path. */
    readonly path: string,
    readonly text: string,
  ) {}

  positionAt(offset: number): SourcePosition {
    const starts = (this.#lineStarts ??= lineStarts(this.text));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { offset, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  }

  slice(start: number, end: number): string {
    return this.text.slice(start, end);
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
