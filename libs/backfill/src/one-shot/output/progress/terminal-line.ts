type Write = NodeJS.WriteStream['write'];

/** To the start of the line, and clear it. */
const CLEAR = '\r\u001b[K';

/**
 * The last line of a terminal, redrawn in place. Whatever else is written meanwhile, by any logger, is written above it:
 * both streams are watched, as both show on the same terminal.
 */
export class TerminalLine {
  readonly #stdout: NodeJS.WriteStream;
  readonly #streams: readonly { readonly stream: NodeJS.WriteStream; readonly write: Write }[];
  readonly #write: Write;
  #text = '';
  #startsLine = true;

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream) {
    this.#stdout = stdout;
    this.#streams = [stdout, stderr].map((stream) => ({ stream, write: stream.write.bind(stream) }));
    this.#write = stdout.write.bind(stdout);
    for (const { stream, write } of this.#streams) {
      stream.write = ((...parameters: Parameters<Write>) => this.#above(write, parameters)) as Write;
    }
  }

  /** Columns that a text may take without wrapping. */
  get columns(): number {
    return (this.#stdout.columns || 80) - 1;
  }

  show(text: string): void {
    this.#text = text;
    if (this.#startsLine) this.#write(CLEAR + text);
  }

  hide(): void {
    if (this.#text && this.#startsLine) this.#write(CLEAR);
    this.#text = '';
  }

  /** The streams are as they were. */
  release(): void {
    this.hide();
    for (const { stream, write } of this.#streams) stream.write = write;
  }

  #above(write: Write, parameters: Parameters<Write>): boolean {
    if (this.#text && this.#startsLine) this.#write(CLEAR);
    const written = write(...parameters);
    const [chunk] = parameters;
    this.#startsLine = String(chunk instanceof Uint8Array ? Buffer.from(chunk) : chunk).endsWith('\n');
    if (this.#text && this.#startsLine) this.#write(this.#text);
    return written;
  }
}
