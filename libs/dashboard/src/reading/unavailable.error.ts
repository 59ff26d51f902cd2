/** Every database of the application is away, or its ledger cannot be read. The message says why. */
export class UnavailableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnavailableError';
  }
}
