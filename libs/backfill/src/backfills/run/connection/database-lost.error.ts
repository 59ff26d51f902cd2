import { messageOf } from '../../../postgres/error-classes.js';
import { THE_DATABASE } from '../outcome/run-outcome.js';

/** The database was not available within the time for attempts to reconnect. */
export class DatabaseLostError extends Error {
  /** What the run waited for. */
  readonly waitingFor: string;

  constructor(waitedMs: number, cause: unknown, waitingFor: string | null = null) {
    const duration = waitedMs < 1_000 ? '' : ` for ${Math.round(waitedMs / 1000)} s`;
    super(
      waitingFor === null
        ? `The database could not be reached${duration}: ${messageOf(cause)}`
        : `The database executed no changes${duration}: waiting for ${waitingFor}.`,
      { cause },
    );
    this.name = 'DatabaseLostError';
    this.waitingFor = waitingFor ?? THE_DATABASE;
  }
}
