import type { Key, LeasedRange } from '../../../ledger/range.js';
import { keyFromJson, keyToJson } from '../../../ledger/range.js';
import type { Statement } from '../../../postgres/pipeline.js';
import { Parameters } from '../../../postgres/parameters.js';
import type { Session } from '../../../postgres/session.js';
import { applyBatchPolicy } from '../../../postgres/timeout-policy.js';
import type { RowSelection } from '../../batch/row-selection.js';

/**
 * Closes the window that the sweep has come to the end of, and opens the next one, in one round trip.
 *
 * A window bounds how far a batch may look for pending rows, so that a batch in a stretch without any does not read on to the
 * table's end. When it closes, what is still pending in it was skipped because somebody held it, or became
 * pending again: it goes on the list for the settling pass.
 *
 * It does nothing when the range was split meanwhile: then the lease is told to be in doubt, and taking it again tells the new end.
 *
 * @param size keys of the next window
 * @param hasGaps false spares the look for rows that were skipped, since none was; what became pending again behind the sweep
 * is then found by the proof
 */
export async function moveWindow(
  session: Session,
  selection: RowSelection,
  range: LeasedRange,
  size: number,
  hasGaps: boolean,
): Promise<LeasedRange> {
  const { pace, name } = selection.definition;
  const state =
    range.windowUpper !== null && sameKey(range.windowUpper, range.upper) ? 'settling' : 'sweeping';
  const start = range.windowUpper ?? range.cursor;
  const { rows } = await session.transaction([
    applyBatchPolicy(pace, pace.synchronousCommit, name),
    ...(range.windowUpper === null || !hasGaps
      ? []
      : [
          listSkipped(selection, range, (parameters) =>
            selection.between(range.windowLower, range.windowUpper, parameters),
          ),
        ]),
    openNext(selection, range, start, state, size),
  ]);
  return {
    ...range,
    state,
    cursor: start,
    windowLower: start,
    windowUpper: keyFromJson(rows.at(-1)?.[0]?.[0]),
  };
}

/**
 * Puts rows that are still to be done on the list for the settling pass.
 *
 * @param which of them, as a condition
 */
export function listSkipped(
  selection: RowSelection,
  range: LeasedRange,
  which: (parameters: Parameters) => string,
): Statement {
  const parameters = selection.parameters();
  const isPending = selection.isPending(parameters, { excludeQuarantined: true });
  const text = selection.ledger.skipped.insert(parameters, range, {
    key: selection.keyJson,
    tenant: selection.tenantText,
    from: `${selection.from} WHERE ${which(parameters)} AND ${isPending}`,
  });
  return { text, values: parameters.values };
}

function openNext(
  selection: RowSelection,
  range: LeasedRange,
  start: Key | null,
  state: LeasedRange['state'],
  size: number,
): Statement {
  const parameters = new Parameters();
  const upper = parameters.add(keyToJson(range.upper), 'jsonb');
  const cursor = parameters.add(keyToJson(start), 'jsonb');
  const bound =
    state === 'settling'
      ? upper
      : `coalesce((SELECT ${selection.keyJson}
          ${selection.fromRowAt(selection.isInWindow(start, range.upper, parameters), parameters.add(size - 1, 'bigint'))}), ${upper})`;
  const text = selection.ledger.ranges.openWindow(parameters, range, {
    state,
    upper,
    start: cursor,
    end: bound,
  });
  return { text, values: parameters.values };
}

/** The first key of a row that is still to be done; null when there is none. */
export async function firstDue(
  session: Session,
  selection: RowSelection,
  after: Key | null,
  upTo: Key,
): Promise<Key | null> {
  const { pace, name } = selection.definition;
  const parameters = selection.parameters();
  const { rows } = await session.transaction([
    applyBatchPolicy(pace, pace.synchronousCommit, name),
    {
      text: `SELECT ${selection.keyJson}::text FROM ${selection.from}
        WHERE ${selection.between(after, upTo, parameters)} AND ${selection.isPending(parameters, { excludeQuarantined: true })}
        ORDER BY ${selection.orderBy()} LIMIT 1`,
      values: parameters.values,
    },
  ]);
  return keyFromJson(rows[1]?.[0]?.[0]);
}

export function sameKey(a: Key | null, b: Key | null): boolean {
  return keyToJson(a) === keyToJson(b);
}
