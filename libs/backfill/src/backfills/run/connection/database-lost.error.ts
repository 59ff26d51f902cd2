import { messageOf } from '../../../postgres/error-classes.js';

/** The database could not be reached within the time for attempts to reconnect. */
export class DatabaseLostError extends Error {
  constructor(waitedMs: number, cause: unknown) {
    const duration = waitedMs < 1_000 ? '' : ` for ${Math.round(waitedMs / 1000)} s`;
    super(`The database could not be reached${duration}: ${messageOf(cause)}`, { cause });
    this.name = 'DatabaseLostError';
  }
}
