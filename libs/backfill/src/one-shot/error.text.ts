import { BackfillError } from '../errors/backfill.error.js';

export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The message of an error of this library, which says everything; the stack of any other error. */
export function explanationOf(error: unknown): string {
  return error instanceof BackfillError ? error.message : stackOf(error);
}
