/**
 * Keeps stdout for the one object that `--json` promises: meanwhile all that is written to it, by any logger or
 * `console.log`, goes to stderr.
 */
export class StdoutReservation {
  readonly #stdout: NodeJS.WriteStream;
  readonly #write: NodeJS.WriteStream['write'];

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream) {
    this.#stdout = stdout;
    this.#write = stdout.write.bind(stdout);
    stdout.write = stderr.write.bind(stderr);
  }

  /** Writes to stdout itself. */
  async write(text: string): Promise<void> {
    // A reader that has gone away is no reason to fail.
    await new Promise<void>((resolve) => this.#write(text, () => resolve()));
  }

  /** Nothing is sent elsewhere any longer. */
  release(): void {
    this.#stdout.write = this.#write;
  }
}
