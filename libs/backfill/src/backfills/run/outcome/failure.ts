import {
  classifyDatabaseError,
  messageOf,
  sqlState,
  type ErrorClass,
} from '../../../postgres/error-classes.js';
import { messageWithContext } from '../../../postgres/server/conditions.js';
import { BatchCodeError } from '../../batch/batch-code.error.js';
import { BackfillRetryError, StillPendingError, SwallowedError } from '../../run.error.js';

/** Classifies the error of a failed batch. */
export function classifyFailure(error: unknown): ErrorClass {
  if (error instanceof BackfillRetryError) return 'conflict';
  if (isCausedByOneRow(error)) return 'poison';
  return classifyDatabaseError(error) ?? 'programming';
}

function isCausedByOneRow(error: unknown): boolean {
  return (
    error instanceof BatchCodeError || error instanceof StillPendingError || error instanceof SwallowedError
  );
}

/** The message, at most 2,000 characters, and the SQLSTATE of an error, as the quarantine stores them. */
export function describeFailure(error: unknown): { readonly error: string; readonly code: string | null } {
  const cause = error instanceof BatchCodeError ? error.cause : error;
  const name =
    cause instanceof Error && cause.name !== 'Error' && cause.name !== 'error' ? `${cause.name}: ` : '';
  const text =
    error instanceof StillPendingError || error instanceof SwallowedError
      ? messageOf(error).split('\n')[0]
      : `${name}${messageWithContext(cause)}`;
  // A text value in PostgreSQL cannot contain NUL, which would make the quarantine entry fail.
  return { error: (text ?? '').replaceAll('\0', '\uFFFD').slice(0, 2000), code: sqlState(error) ?? null };
}
