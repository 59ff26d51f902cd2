import type { Key } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import type { BatchOutcome } from '../../batch/batch.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { StillPendingError } from '../../run.error.js';
import { classifyFailure } from '../outcome/failure.js';
import type { RangeContext } from './range.context.js';

/** `still-pending`: another session has locked the row. */
export type RowResult = 'changed' | 'still-pending' | 'quarantined';

export interface RowChange {
  /** Milliseconds to wait for the row's lock; null: do not wait. */
  readonly lockTimeoutMs: number | null;
  /** The cursor that the same transaction records; null: the cursor does not move. */
  readonly cursor: Key | null;
  /**
   * What happens to a row that was selected, not changed, and is still pending. Another session may have changed it
   * between the statement's snapshot and its lock, which a later attempt under a lock tells from a trigger that
   * prevents the change.
   */
  readonly unchangedRow: 'quarantine' | 'try-again';
}

/** Changes one row, or puts it in quarantine if its change fails. */
export async function changeOrQuarantine(
  { tools, state, pacer }: RangeContext,
  session: Session,
  key: Key,
  { lockTimeoutMs, cursor, unchangedRow }: RowChange,
): Promise<RowResult> {
  const { runner, selection, quarantine, log, stop } = tools;
  try {
    const outcome = await runner.byKey(session, state.range, {
      keys: [key],
      lockTimeoutMs,
      cursor,
      number: log.nextBatch,
      signal: stop.signal,
    });
    const isStillPending = outcome.stillPending > 0;
    // The batch locked and changed the row, but it is still pending, e.g. because a trigger reverts the
    // change.
    const isTriedAgain = unchangedRow === 'try-again' && outcome.changed === 0;
    if (isStillPending && outcome.selected > 0 && !isTriedAgain)
      throw new StillPendingError(selection.definition.name, { effect: effectOf(outcome, selection) });
    await pacer.batchCommitted(outcome);
    return isStillPending ? 'still-pending' : 'changed';
  } catch (error) {
    const failure = classifyFailure(error);
    if (failure !== 'poison' && failure !== 'too-slow') throw error;
    await quarantine.add(session, state.range, { key, error, cursor });
    log.quarantined(selection.describe(key), error);
    return 'quarantined';
  }
}

function effectOf(
  { changed }: BatchOutcome,
  { definition }: RowSelection,
): 'changed' | 'none' | 'not-copied' {
  if (changed > 0) return 'changed';
  return definition.kind === 'copy' ? 'not-copied' : 'none';
}
