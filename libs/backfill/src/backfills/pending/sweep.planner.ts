import type { PlannedRange } from '../../ledger/range.ledger.js';
import type { Session } from '../../postgres/session.js';
import { boundAt } from '../batch/order/region.js';
import type { PendingOptions, RowSelection } from '../batch/row-selection.js';
import { chooseOrder, type OrderChoice, type SweptFile } from './order.inspector.js';
import { pendingPerPage } from './page-sample.js';
import { findSplitKeys, minPartRows } from './range.splitter.js';
import { lowerSweepBound, upperSweepBound } from './sweep-bounds.js';

export interface SweepPlan extends Pick<OrderChoice, 'order' | 'reason'> {
  /** In the order in which they are taken. Empty if the table is empty. */
  readonly ranges: readonly PlannedRange[];
}

/**
 * Plans the ranges of the next sweep: the keys from the first to the last pending row, or the pages that the
 * table has now.
 *
 * @param parts the number of workers
 */
export async function planSweepRanges(
  session: Session,
  selection: RowSelection,
  parts: number,
): Promise<SweepPlan> {
  const { order, reason, files } = await chooseOrder(session, selection);
  if (order === 'key') return { order, reason, ranges: await keyRanges(session, selection, parts) };
  const density = parts > 1 ? await pendingPerPage(session, selection) : null;
  const sampled = density === null ? files : files.map((file) => ({ ...file, rowsPerPage: density }));
  return { order, reason, ranges: pageRanges(sampled, parts, minPartRows(selection)) };
}

/** Plans a sweep in key order after one page took too long. */
export async function planKeySweep(
  session: Session,
  selection: RowSelection,
  parts: number,
): Promise<SweepPlan> {
  const ranges = await keyRanges(session, selection, parts);
  return { order: 'key', reason: 'a query on one page takes too long', ranges };
}

async function keyRanges(session: Session, selection: RowSelection, parts: number): Promise<PlannedRange[]> {
  const options: PendingOptions = { excludeQuarantined: true };
  const upper = await upperSweepBound(session, selection, options);
  if (upper === null) return [];
  const lower = await lowerSweepBound(session, selection, options);
  const splitKeys = await findSplitKeys(session, selection, { lower, upper, parts });
  const bounds = [lower, ...splitKeys];
  return bounds.map((bound, at) => ({ lower: bound, upper: splitKeys[at] ?? upper, file: null }));
}

/**
 * Divides the pages of all files into about as many parts as there are workers.
 *
 * @param minRows minimum number of rows in a part
 */
export function pageRanges(files: readonly SweptFile[], parts: number, minRows: number): PlannedRange[] {
  const total = files.reduce((sum, { pages }) => sum + pages, 0);
  return files.flatMap(({ pages, rowsPerPage, ...file }) => {
    const wanted = Math.round((pages * parts) / Math.max(1, total));
    const largest = Math.floor(pages / Math.max(1, minRows / rowsPerPage));
    const count = Math.max(1, Math.min(wanted, largest));
    const bounds = Array.from({ length: count + 1 }, (_, at) => Math.round((pages * at) / count));
    return bounds.slice(1).flatMap((end, at) => {
      const start = bounds[at] ?? 0;
      return end > start ? [{ lower: boundAt(start), upper: boundAt(end), file }] : [];
    });
  });
}
