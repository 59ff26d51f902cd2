import { pageOf } from '../../ledger/pages/page-position.js';
import { keyFromJson, type Key } from '../../ledger/range.js';
import { text } from '../../postgres/decoders.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyBatchPolicy } from '../../postgres/timeout-policy.js';
import { inspectAccess } from '../batch/access.inspector.js';
import type { FileSelection, PendingOptions, RowSelection } from '../batch/row-selection.js';
import { ROW } from '../definition/definition.js';
import { queryWithin, TOO_SLOW, WHOLE_TABLE_MS } from './too-slow.js';

/**
 * The lower bound of a sweep, exclusive: the highest key below the lowest pending row; null: the start of the
 * table.
 */
export async function lowerSweepBound(
  session: Session,
  selection: RowSelection,
  options: PendingOptions,
): Promise<Key | null> {
  const first = await outermostPending(session, selection, 'ASC', options);
  if (first === null) return null;
  const parameters = new Parameters();
  const below = selection.compare('<', first, parameters);
  return highestKeyWhere(session, selection, below, parameters);
}

/**
 * The upper bound of a sweep, inclusive. It is fixed, so that inserts do not extend the sweep without end.
 * With an index on the pending rows, it is the highest pending key. Without an index, it is the highest key
 * of the table, because a backward scan for the highest pending key would cost more than it saves.
 *
 * @returns null if the table is empty
 */
export async function upperSweepBound(
  session: Session,
  selection: RowSelection,
  options: PendingOptions,
): Promise<Key | null> {
  const { kind } = await inspectAccess(session, selection);
  const last = kind === 'index' ? await outermostPending(session, selection, 'DESC', options) : null;
  return last ?? highestKey(session, selection);
}

/** The highest key of the table; null if the table is empty. */
export function highestKey(session: Session, selection: RowSelection): Promise<Key | null> {
  return highestKeyWhere(session, selection, 'true', new Parameters());
}

/**
 * The lowest or the highest pending key.
 *
 * @returns null if no row is pending, or if the query takes too long
 */
async function outermostPending(
  session: Session,
  selection: RowSelection,
  direction: 'ASC' | 'DESC',
  options: PendingOptions,
): Promise<Key | null> {
  const parameters = selection.parameters();
  const pending = selection.isPending(parameters, options);
  const result = await queryWithin(WHOLE_TABLE_MS, session, selection, {
    text: `SELECT ${selection.keyJson}::text FROM ${selection.from} WHERE ${pending}
        ORDER BY ${selection.orderBy(direction)} LIMIT 1`,
    values: parameters.values,
  });
  return result === TOO_SLOW ? null : (result.firstValue(keyFromJson) ?? null);
}

async function highestKeyWhere(
  session: Session,
  selection: RowSelection,
  condition: string,
  { values }: Parameters,
): Promise<Key | null> {
  const { pace, name } = selection.definition;
  const result = await session.query(applyBatchPolicy(pace, 'off', name), {
    text: `SELECT ${selection.keyJson}::text FROM ${selection.from} WHERE ${condition}
        ORDER BY ${selection.orderBy('DESC')} LIMIT 1`,
    values,
  });
  return result.firstValue(keyFromJson) ?? null;
}

/**
 * The page of the first pending row of a file.
 *
 * @returns 0 if the query takes too long; null if no row is pending
 */
export async function firstPendingPage(session: Session, selection: FileSelection): Promise<number | null> {
  const parameters = selection.parameters();
  const pending = selection.isPending(parameters, { excludeQuarantined: false, predicate: 'opaque' });
  const result = await queryWithin(WHOLE_TABLE_MS, session, selection, {
    text: `SELECT ${ROW}.ctid::text FROM ${selection.from} WHERE ${pending} LIMIT 1`,
    values: parameters.values,
  });
  if (result === TOO_SLOW) return 0;
  const ctid = result.firstValue(text);
  return ctid === undefined ? null : pageOf(ctid);
}
