import type { TextPosition } from '../classification/statement.types.js';

/** Finds lines and columns in a text without walking it again for every question. */
export class TextIndex {
  #lineStarts: readonly number[] | undefined;

  constructor(readonly text: string) {}

  /** @param offset in UTF-16 code units */
  at(offset: number): TextPosition {
    this.#lineStarts ??= lineStarts(this.text);
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

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The parser counts UTF-8 bytes; JavaScript counts UTF-16 code units. */
export class ByteOffsets {
  readonly bytes: number;
  readonly #ascii: boolean;
  #unitOfByte: Uint32Array | undefined;

  constructor(private readonly text: string) {
    this.bytes = Buffer.byteLength(text, 'utf8');
    this.#ascii = this.bytes === text.length;
  }

  toText(byteOffset: number): number {
    if (this.#ascii) return byteOffset;
    this.#unitOfByte ??= unitOfByte(this.text, this.bytes);
    return this.#unitOfByte[Math.min(byteOffset, this.bytes)] ?? 0;
  }
}

function unitOfByte(text: string, bytes: number): Uint32Array {
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
