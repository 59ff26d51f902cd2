import { messageOf, stackOf } from '../postgres/error-classes.js';
import { BackfillError } from '../errors/backfill.error.js';

/** The message of this library's own errors, which explain themselves; the stack of any other error. */
export function explanationOf(error: unknown): string {
  return error instanceof BackfillError ? messageOf(error) : stackOf(error);
}
