import { json, number } from '../../postgres/decoders.js';
import { classifyDatabaseError } from '../../postgres/error-classes.js';
import type { Session } from '../../postgres/session.js';
import type { RowSelection } from '../batch/row-selection.js';
import { queryWithin, TOO_SLOW } from './too-slow.js';

/** Statement timeout of a count in milliseconds. After a timeout, the planner's estimate is used. */
const COUNT_MS = 1_000;

export interface Count {
  readonly rows: number;
  /** Whether `rows` is the planner's estimate, because the count took too long. */
  readonly isEstimate: boolean;
}

type ExplainedPlan = [{ readonly Plan?: { readonly 'Plan Rows'?: number } }?];

/**
 * Counts the pending rows, including quarantined rows.
 *
 * @returns null if the table is locked, or if even the planner's estimate takes too long
 */
export async function countPending(session: Session, selection: RowSelection): Promise<Count | null> {
  const parameters = selection.parameters();
  const source = `FROM ${selection.from} WHERE ${selection.isPending(parameters)}`;
  const query = (select: string) =>
    queryWithin(COUNT_MS, session, selection, { text: `${select} ${source}`, values: parameters.values });
  try {
    const exact = await query('SELECT pg_catalog.count(*)::text');
    if (exact !== TOO_SLOW) return { rows: exact.value(number), isEstimate: false };
    const explained = await query('EXPLAIN (FORMAT JSON) SELECT 1');
    if (explained === TOO_SLOW) return null;
    const [plan] = explained.value(json<ExplainedPlan>());
    const estimate = plan?.Plan?.['Plan Rows'];
    return estimate === undefined ? null : { rows: estimate, isEstimate: true };
  } catch (error) {
    if (classifyDatabaseError(error) === 'lock') return null;
    throw error;
  }
}
