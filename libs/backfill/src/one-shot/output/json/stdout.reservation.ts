/**
 * Reserves stdout for the JSON object of `--json`: everything else that any logger or `console.log` writes to
 * stdout goes to stderr.
 */
export class StdoutReservation {
  readonly #stdout: NodeJS.WriteStream;
  readonly #write: NodeJS.WriteStream['write'];

  constructor(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream) {
    this.#stdout = stdout;
    this.#write = stdout.write.bind(stdout);
    stdout.write = stderr.write.bind(stderr);
  }

  /**
   * Writes to the real stdout. Also resolves when the reader has closed the pipe, which is not a failure of
   * the run.
   */
  async write(text: string): Promise<void> {
    await new Promise<void>((resolve) => this.#write(text, () => resolve()));
  }

  /** Ends the reservation. */
  release(): void {
    this.#stdout.write = this.#write;
  }
}
