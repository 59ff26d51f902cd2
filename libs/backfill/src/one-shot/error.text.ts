import { messageOf, stackOf } from '../postgres/error-classes.js';
import { conditionOf } from '../postgres/server/conditions.js';
import { BackfillError } from '../errors/backfill.error.js';

/**
 * The message of this library's own errors, which explain themselves; of an error with a known cause, e.g. that the
 * server is a standby, the message, the cause and the remedy; the stack of any other error.
 */
export function explanationOf(error: unknown): string {
  if (error instanceof BackfillError) return messageOf(error);
  const condition = conditionOf(error);
  return condition === undefined
    ? stackOf(error)
    : `${messageOf(error)}\n${condition.meaning} ${condition.remedy}`;
}
