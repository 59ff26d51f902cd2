import { classifyDatabaseError } from '../../postgres/error-classes.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { StatementResult } from '../../postgres/statement-result.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';

/**
 * Milliseconds within which a query on the whole table must return. After that, callers use a cheaper query.
 */
export const WHOLE_TABLE_MS = 5_000;

/** Returned instead of a result when the statement reached its timeout. */
export const TOO_SLOW = Symbol('too slow');

export type TooSlow = typeof TOO_SLOW;

export async function unlessTooSlow<T>(query: () => Promise<T>): Promise<T | TooSlow> {
  try {
    return await query();
  } catch (error) {
    if (classifyDatabaseError(error) === 'too-slow') return TOO_SLOW;
    throw error;
  }
}

/** Runs a statement with a statement timeout of `timeoutMs`, or the backfill's own if that is shorter. */
export function queryWithin(
  timeoutMs: number,
  session: Session,
  { definition: { pace } }: RowSelection,
  statement: Statement,
): Promise<StatementResult | TooSlow> {
  const policy = applyPolicy({ ...pace, statementTimeout: Math.min(timeoutMs, pace.statementTimeout) });
  return unlessTooSlow(() => session.query(policy, statement));
}
