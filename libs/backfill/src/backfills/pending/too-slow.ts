import { classifyDatabaseError } from '../../postgres/error-classes.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { StatementResult } from '../../postgres/statement-result.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';

/**
 * Statement timeout of a query on the whole table in milliseconds. After a timeout, callers use a cheaper
 * query.
 */
export const WHOLE_TABLE_MS = 5_000;

/** The result of a query that reached its statement timeout. */
export const TOO_SLOW = Symbol('too slow');

export type TooSlow = typeof TOO_SLOW;

/** @returns the result of `query`, or `TOO_SLOW` after a statement timeout */
export async function unlessTooSlow<T>(query: () => Promise<T>): Promise<T | TooSlow> {
  try {
    return await query();
  } catch (error) {
    if (classifyDatabaseError(error) === 'too-slow') return TOO_SLOW;
    throw error;
  }
}

/** Runs a statement with the shorter of two statement timeouts: `timeoutMs` and that of the backfill. */
export function queryWithin(
  timeoutMs: number,
  session: Session,
  { definition: { pace } }: RowSelection,
  statement: Statement,
): Promise<StatementResult | TooSlow> {
  const policy = applyPolicy({ ...pace, statementTimeout: Math.min(timeoutMs, pace.statementTimeout) });
  return unlessTooSlow(() => session.query(policy, statement));
}
