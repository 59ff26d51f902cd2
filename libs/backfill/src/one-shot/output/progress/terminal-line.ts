type Write = NodeJS.WriteStream['write'];

/** Returns to the start of the line and clears it. */
const CLEAR = '\r\u001b[K';

/**
 * The last line of a terminal, redrawn in place. Other output appears above it: the class replaces the
 * `write` method of both streams, because both write to the same terminal.
 */
export class TerminalLine {
  readonly #stdout: NodeJS.WriteStream;
  readonly #streams: readonly { readonly stream: NodeJS.WriteStream; readonly write: Write }[];
  readonly #write: Write;
  #text = '';
  #isAtLineStart = true;

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream) {
    this.#stdout = stdout;
    this.#streams = [stdout, stderr].map((stream) => ({ stream, write: stream.write.bind(stream) }));
    this.#write = stdout.write.bind(stdout);
    for (const { stream, write } of this.#streams) {
      stream.write = ((...parameters: Parameters<Write>) => this.#writeAbove(write, parameters)) as Write;
    }
  }

  /** The number of columns that a text may take without wrapping. */
  get columns(): number {
    return (this.#stdout.columns || 80) - 1;
  }

  show(text: string): void {
    this.#text = text;
    if (this.#isAtLineStart) this.#write(CLEAR + text);
  }

  hide(): void {
    if (this.#text && this.#isAtLineStart) this.#write(CLEAR);
    this.#text = '';
  }

  /** Removes the line and restores the streams. */
  release(): void {
    this.hide();
    for (const { stream, write } of this.#streams) stream.write = write;
  }

  #writeAbove(write: Write, parameters: Parameters<Write>): boolean {
    if (this.#text && this.#isAtLineStart) this.#write(CLEAR);
    const hasRoom = write(...parameters);
    const [chunk] = parameters;
    this.#isAtLineStart = String(chunk instanceof Uint8Array ? Buffer.from(chunk) : chunk).endsWith('\n');
    if (this.#text && this.#isAtLineStart) this.#write(this.#text);
    return hasRoom;
  }
}
