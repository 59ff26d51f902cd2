import { isConnectionError, messageOf, sqlState } from '../../postgres/error-classes.js';
import { BackfillRetryError } from '../run.error.js';

/** An error that the application's own code threw for a batch. */
export class BatchCodeError extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = 'BatchCodeError';
  }
}

/** Marks an error as the application's own, unless it says itself what it is: a database error or a wish to try again. */
export function describeCodeError(error: unknown): unknown {
  const retry = findRetry(error);
  if (retry) return retry;
  return sqlState(error) === undefined && !isConnectionError(error) ? new BatchCodeError(error) : error;
}

function findRetry(error: unknown): BackfillRetryError | undefined {
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    if (at instanceof BackfillRetryError) return at;
    seen.add(at);
  }
  return undefined;
}
