import { positionFromKey } from '../../../../ledger/pages/page-position.js';
import { keyFromJson, keyToJson, requiredKey, type Key, type LeasedRange } from '../../../../ledger/range.js';
import { text } from '../../../../postgres/decoders.js';
import { Parameters } from '../../../../postgres/parameters.js';
import type { Statement } from '../../../../postgres/pipeline.js';
import type { Session } from '../../../../postgres/session.js';
import { applyBatchPolicy } from '../../../../postgres/timeout-policy.js';
import type { SweepStep } from '../../../batch/batch.js';
import { boundAt, pageOfBound } from '../../../batch/order/region.js';
import { orderOf } from '../../../batch/order/order.factory.js';
import { withClause } from '../../../batch/order/sweep-order.js';
import type { RowSelection } from '../../../batch/row-selection.js';
import { ROW } from '../../../definition/definition.js';
import { keyAtDistance } from '../../../pending/key-window.js';
import { formatCount } from '../../../../text/quantity.format.js';

export interface WindowMove {
  /** Maximum number of keys or pages in the next window. */
  readonly size: number;
  /**
   * Whether the closed window is searched for rows that the sweep skipped. False if it skipped none. The
   * proof finds rows that became pending again behind the cursor.
   */
  readonly mayHaveSkipped: boolean;
}

/**
 * Closes the current window and opens the next one, in one round trip.
 *
 * A window limits the number of rows that one batch reads: where no row is pending, a batch does not read to
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
  { size, mayHaveSkipped }: WindowMove,
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
  const inWindow = (parameters: Parameters) =>
    orderOf(selection).isBetween(windowLower, windowUpper, parameters);
  const { last } = await session.transaction([
    applyBatchPolicy(pace, pace.synchronousCommit, name),
    ...(windowUpper !== null && mayHaveSkipped ? [listSkipped(selection, range, inWindow)] : []),
    openWindow(selection, next, size),
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
  const predicate = selection.file === null ? 'plain' : 'opaque';
  const isPending = selection.isPending(parameters, { excludeQuarantined: true, predicate });
  const sql = selection.ledger.skipped.insert(parameters, range, {
    key: selection.keyJson,
    tenant: selection.tenantText,
    from: `${selection.from} WHERE ${condition(parameters)} AND ${isPending}`,
  });
  return { text: sql, values: parameters.values };
}

/**
 * @param range the range with the lower bound of the new window. After the last window its state is
 * `settling` and the new window is empty.
 */
function openWindow(selection: RowSelection, range: LeasedRange, size: number): Statement {
  const parameters = new Parameters();
  const upper = parameters.add(keyToJson(range.upper), 'jsonb');
  const start = parameters.add(keyToJson(range.cursor), 'jsonb');
  const end =
    range.state === 'settling' ? upper : orderOf(selection).windowEnd(range, size, upper, parameters);
  const sql = selection.ledger.ranges.openWindow(parameters, range, {
    state: range.state,
    upper,
    start,
    end,
  });
  return { text: sql, values: parameters.values };
}

/** The next pending row of a sweep. */
export interface NextRow {
  /** The row's key; null if no row is left in the part of the window that the step reads. */
  readonly key: Key | null;
  /** The cursor after this row, or after that part of the window. */
  readonly cursor: Key | null;
  /** No row is left in the window. */
  readonly isWindowDone: boolean;
}

/** Finds the next pending row above the cursor of a step, without a lock. */
export async function findNextRow(
  session: Session,
  selection: RowSelection,
  range: LeasedRange,
  step: SweepStep,
): Promise<NextRow> {
  const { pace, name } = selection.definition;
  const parameters = selection.parameters();
  const order = orderOf(selection);
  const oneRow = { ...step, limit: 1, excludeQuarantined: true };
  const rows = order.rows(range, oneRow, step.cursor, parameters);
  const result = await session.query(applyBatchPolicy(pace, pace.synchronousCommit, name), {
    text: `${withClause(rows)}SELECT ${selection.keyJson}::text, ${ROW}.ctid::text FROM ${selection.from}
        WHERE ${rows.condition} ORDER BY ${rows.orderBy} LIMIT ${rows.limit}`,
    values: parameters.values,
  });
  const found = result.all({ key: requiredKey, ctid: text });
  return { key: found[0]?.key ?? null, ...order.continuation(oneRow, found) };
}

/** `id=42`, or `page 7 of "leads"` */
export function describeBound(selection: RowSelection, bound: Key | null): string {
  const { file } = selection;
  if (file !== null) return `page ${formatCount(bound === null ? 0 : pageOfBound(bound))} of ${file.table}`;
  return bound === null ? 'the start of the table' : selection.describe(bound);
}

export function sameKey(a: Key | null, b: Key | null): boolean {
  return keyToJson(a) === keyToJson(b);
}

export interface WindowSpan {
  /** The cursor or bound after which the window begins; null: the beginning of the table. */
  readonly after: Key | null;
  readonly upTo: Key | null;
  /** In keys or pages. */
  readonly size: number;
}

/** The end of a window of this size; null if it is not before `upTo`. */
export async function findWindowEnd(
  session: Session,
  selection: RowSelection,
  { after, upTo, size }: WindowSpan,
): Promise<Key | null> {
  if (selection.file === null) return keyAtDistance(session, selection, { after, upTo, keys: size });
  const end = positionFromKey(after ?? boundAt(0)).firstPage + size;
  return upTo === null || end < pageOfBound(upTo) ? boundAt(end) : null;
}
