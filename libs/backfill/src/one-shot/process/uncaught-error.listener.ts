/**
 * Catches uncaught errors, e.g. a rejected promise that the code of a backfill did not await. Node.js itself
 * would exit with code 1, which means that the deployment must stop.
 */
export class UncaughtErrorListener {
  #resolve: (error: unknown) => void = () => undefined;

  /** Resolves with the first uncaught error. */
  readonly first = new Promise<unknown>((resolve) => (this.#resolve = resolve));

  constructor() {
    // By default, Node.js raises an unhandled rejection as an uncaught exception.
    process.on('uncaughtException', (error: unknown) => this.#resolve(error));
  }
}
