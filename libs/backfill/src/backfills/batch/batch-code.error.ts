import { BackfillError } from '../../errors/backfill.error.js';
import { isConnectionError, messageOf, sqlState } from '../../postgres/error-classes.js';
import { BackfillRetryError } from '../run.error.js';

/** The application's `transform()` or `process()` threw an error, which is the `cause`. */
export class BatchCodeError extends BackfillError {
  constructor(backfill: string, cause: unknown) {
    super(`Backfill "${backfill}": its code threw an error: ${messageOf(cause)}`, {
      subject: backfill,
      remedy: 'Correct the code for this row, then run the backfill again with --retry-quarantined.',
      cause,
    });
  }
}

/** Database errors of statements that the application's code has sent. */
const errorsOfCode = new WeakSet<object>();

/** Whether a statement of the application's `transform()` or `process()` failed, not one of the library. */
export function isStatementOfCode(error: unknown): boolean {
  return typeof error === 'object' && error !== null && errorsOfCode.has(error);
}

/**
 * Wraps an error of the application's code in BatchCodeError. Database errors and BackfillRetryError are
 * returned unchanged, because the run handles them by their own class.
 */
export function toCodeError(backfill: string, error: unknown): unknown {
  const retry = findRetry(error);
  if (retry) return retry;
  const isOfDatabase = sqlState(error) !== undefined || isConnectionError(error);
  if (!isOfDatabase) return new BatchCodeError(backfill, error);
  if (typeof error === 'object' && error !== null) errorsOfCode.add(error);
  return error;
}

/** A `BackfillRetryError` anywhere in the chain of causes, which may contain a cycle. */
function findRetry(error: unknown): BackfillRetryError | undefined {
  const seen = new Set<unknown>();
  for (let current = error; current instanceof Error && !seen.has(current); current = current.cause) {
    if (current instanceof BackfillRetryError) return current;
    seen.add(current);
  }
  return undefined;
}
