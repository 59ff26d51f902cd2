/**
 * A place in a text: `offset` in UTF-16 code units from 0, `line` and `column` from 1.
 *
 * @publicApi
 */
export interface TextPosition {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Finds the line and column of an offset by binary search, without reading the text again each time. */
export class TextIndex {
  readonly text: string;
  #lineStarts: readonly number[] | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** @param offset in UTF-16 code units */
  at(offset: number): TextPosition {
    this.#lineStarts ??= lineStartsOf(this.text);
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { offset, line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}

function lineStartsOf(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Converts the parser's offsets, which count UTF-8 bytes, to JavaScript's UTF-16 code units. */
export class ByteOffsets {
  readonly bytes: number;
  readonly #text: string;
  readonly #isAscii: boolean;
  #unitByByte: Uint32Array | undefined;

  constructor(text: string) {
    this.#text = text;
    this.bytes = Buffer.byteLength(text, 'utf8');
    this.#isAscii = this.bytes === text.length;
  }

  /** @returns the offset in UTF-16 code units */
  toTextOffset(byteOffset: number): number {
    if (this.#isAscii) return byteOffset;
    this.#unitByByte ??= unitByByte(this.#text, this.bytes);
    return this.#unitByByte[Math.min(byteOffset, this.bytes)] ?? 0;
  }
}

function unitByByte(text: string, bytes: number): Uint32Array {
  const units = new Uint32Array(bytes + 1);
  let byte = 0;
  let unit = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character, 'utf8');
    units.fill(unit, byte, byte + size);
    byte += size;
    unit += character.length;
  }
  units[bytes] = unit;
  return units;
}
