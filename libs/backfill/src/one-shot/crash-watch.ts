/**
 * Hears of errors that nobody catches, such as a rejected promise that a backfill's own code forgot to await. Node.js would
 * end the process with exit code 1, which tells a deployment to stop.
 */
export class CrashWatch {
  #tell: (error: unknown) => void = () => undefined;

  /** Settles with the first such error. */
  readonly happened = new Promise<unknown>((resolve) => (this.#tell = resolve));

  constructor() {
    // An unhandled rejection arrives here too, unless the application has chosen otherwise.
    process.on('uncaughtException', (error: unknown) => this.#tell(error));
  }
}
