import {
  classifyDatabaseError,
  messageOf,
  sqlState,
  type ErrorClass,
} from '../../../postgres/error-classes.js';
import { BatchCodeError } from '../../batch/batch-code.error.js';
import { BackfillRetryError, StillPendingError, SwallowedError } from '../../run.error.js';

/** Classifies the error that a batch has ended with. */
export function classifyFailure(error: unknown): ErrorClass {
  if (error instanceof BackfillRetryError) return 'conflict';
  if (isFaultOfOneRow(error)) return 'poison';
  return classifyDatabaseError(error) ?? 'programming';
}

function isFaultOfOneRow(error: unknown): boolean {
  return (
    error instanceof BatchCodeError || error instanceof StillPendingError || error instanceof SwallowedError
  );
}

/** The error as it is stored in the quarantine. */
export function describeFailure(error: unknown): { readonly error: string; readonly code: string | null } {
  const cause = error instanceof BatchCodeError ? error.cause : error;
  const name =
    cause instanceof Error && cause.name !== 'Error' && cause.name !== 'error' ? `${cause.name}: ` : '';
  const text =
    error instanceof StillPendingError || error instanceof SwallowedError
      ? messageOf(error).split('\n')[0]
      : `${name}${messageOf(cause)}`;
  // A text value of PostgreSQL cannot contain NUL, and no error may keep its row out of the quarantine.
  return { error: (text ?? '').replaceAll('\0', '\uFFFD').slice(0, 2000), code: sqlState(error) ?? null };
}
