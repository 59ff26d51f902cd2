import { keyFromJson, keyToJson, type Key, type LeasedRange } from '../../../../ledger/range.js';
import { Parameters } from '../../../../postgres/parameters.js';
import type { Statement } from '../../../../postgres/pipeline.js';
import type { Session } from '../../../../postgres/session.js';
import { applyBatchPolicy } from '../../../../postgres/timeout-policy.js';
import type { RowSelection } from '../../../batch/row-selection.js';

export interface WindowMove {
  /** Maximum number of keys in the next window. */
  readonly keys: number;
  /**
   * Whether the closed window is searched for rows that the sweep skipped. False if it skipped none. The
   * proof finds rows that became pending again behind the cursor.
   */
  readonly mayHaveSkipped: boolean;
}

/**
 * Closes the current window and opens the next one, in one round trip.
 *
 * A window limits the number of keys that one batch reads: where no row is pending, a batch does not read to
 * the end of the table. A row that is still pending in the closed window was skipped because it was locked,
 * or it became pending again. Such rows are listed for the settling pass.
 *
 * @returns the range with its new window; after the last window its state is `settling`
 * @throws an error of the class `lease-lost` if the lease has expired or the range was split meanwhile. The
 * worker then takes its lease again and reads the new upper bound.
 */
export async function moveWindow(
  session: Session,
  selection: RowSelection,
  range: LeasedRange,
  { keys, mayHaveSkipped }: WindowMove,
): Promise<LeasedRange> {
  const { pace, name } = selection.definition;
  const { windowLower, windowUpper } = range;
  const isLast = windowUpper !== null && sameKey(windowUpper, range.upper);
  const next = {
    ...range,
    state: isLast ? 'settling' : 'sweeping',
    cursor: windowUpper ?? range.cursor,
    windowLower: windowUpper ?? range.cursor,
  } satisfies LeasedRange;
  const inWindow = (parameters: Parameters) => selection.between(windowLower, windowUpper, parameters);
  const { last } = await session.transaction([
    applyBatchPolicy(pace, pace.synchronousCommit, name),
    ...(windowUpper !== null && mayHaveSkipped ? [listSkipped(selection, range, inWindow)] : []),
    openWindow(selection, next, keys),
  ]);
  return { ...next, windowUpper: last.value(keyFromJson) };
}

/**
 * Adds pending rows to the list of skipped rows, for the settling pass.
 *
 * @param condition returns the SQL condition that selects the rows
 */
export function listSkipped(
  selection: RowSelection,
  range: LeasedRange,
  condition: (parameters: Parameters) => string,
): Statement {
  const parameters = selection.parameters();
  const isPending = selection.isPending(parameters, { excludeQuarantined: true });
  const text = selection.ledger.skipped.insert(parameters, range, {
    key: selection.keyJson,
    tenant: selection.tenantText,
    from: `${selection.from} WHERE ${condition(parameters)} AND ${isPending}`,
  });
  return { text, values: parameters.values };
}

/**
 * @param range the range with the lower bound of the new window. After the last window its state is
 * `settling` and the new window is empty.
 */
function openWindow(selection: RowSelection, range: LeasedRange, keys: number): Statement {
  const parameters = new Parameters();
  const upper = parameters.add(keyToJson(range.upper), 'jsonb');
  const start = parameters.add(keyToJson(range.cursor), 'jsonb');
  const end =
    range.state === 'settling'
      ? upper
      : `coalesce((SELECT ${selection.keyJson}
          ${selection.fromRowAt(selection.isInWindow(range.cursor, range.upper, parameters), parameters.add(keys - 1, 'bigint'))}), ${upper})`;
  const text = selection.ledger.ranges.openWindow(parameters, range, {
    state: range.state,
    upper,
    start,
    end,
  });
  return { text, values: parameters.values };
}

/** The lowest key of a pending row above `after`, up to `upTo`; null if there is none. */
export async function findFirstPending(
  session: Session,
  selection: RowSelection,
  after: Key | null,
  upTo: Key,
): Promise<Key | null> {
  const { pace, name } = selection.definition;
  const parameters = selection.parameters();
  const result = await session.query(applyBatchPolicy(pace, pace.synchronousCommit, name), {
    text: `SELECT ${selection.keyJson}::text FROM ${selection.from}
        WHERE ${selection.between(after, upTo, parameters)} AND ${selection.isPending(parameters, { excludeQuarantined: true })}
        ORDER BY ${selection.orderBy()} LIMIT 1`,
    values: parameters.values,
  });
  return result.firstValue(keyFromJson) ?? null;
}

export function sameKey(a: Key | null, b: Key | null): boolean {
  return keyToJson(a) === keyToJson(b);
}
