import type { Key } from '../../../ledger/range.js';
import { keyFromJson } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import { inspectFile } from '../../batch/order/file.inspector.js';
import { boundAt } from '../../batch/order/region.js';
import { FileSelection, type RowSelection } from '../../batch/row-selection.js';
import { ROW } from '../../definition/definition.js';
import { keyAtDistance } from '../../pending/key-window.js';
import type { OrderChoice } from '../../pending/order.inspector.js';
import { highestKey } from '../../pending/sweep-bounds.js';
import { RegionSizer } from '../../run/range/sweep/region.sizer.js';
import type { TableStatistics } from '../table.statistics.js';
import { rehearseCopy, type HeapOnlyCosts } from './copy.rehearsal.js';
import { rehearseRegions, type RegionToRehearse, type RehearsedRegion } from './region.rehearsal.js';
import { samplePages, type SampledPage } from './sampled-pages.js';

/** Number of places in the table whose rows are changed and rolled back. */
const PLACES = 5;
/** Each of them has at most this share of the table's rows, but may have MIN_ROWS. */
const MAX_SHARE = 0.01;
const MIN_ROWS = 200;
const PAGE_OVERHEAD = 24;
const ROUND_TRIPS = 3;
/** Bytes by which a row grows, if it cannot be measured. */
const ASSUMED_GROWTH = 16;

/** What was measured before a run. */
export interface MeasuredCosts {
  readonly order: 'key' | 'page';
  /** Stripes of the declared way; 1 in key order. */
  readonly stripes: number;
  /** Stripes with which the pages could be swept. */
  readonly possibleStripes: number;
  readonly notHeapOnly: string | null;
  /** Bytes by which a row grows. */
  readonly rowGrowth: number;
  readonly pages: readonly SampledPage[];
  readonly regions: readonly RehearsedRegion[];
  readonly heapOnly: HeapOnlyCosts | null;
  /** Time of an empty statement with its round trip, in milliseconds. */
  readonly roundTripMs: number;
}

/** Measures what the changes cost, at several places of the table. Everything is rolled back. */
export async function measureCosts(
  session: Session,
  selection: RowSelection,
  {
    schema,
    choice,
    statistics,
  }: { readonly schema: string; readonly choice: OrderChoice; readonly statistics: TableStatistics },
): Promise<MeasuredCosts> {
  const { definition } = selection;
  const { hasLargeValues, blockSize, tableId } = statistics;
  const fullPageRow = (blockSize - PAGE_OVERHEAD) / Math.max(1, statistics.rowsPerPage);
  const pages = await samplePages(session, selection, hasLargeValues ? Math.floor(fullPageRow) - 4 : null);
  const pending = pages.filter(({ rows }) => rows.some(({ isPending }) => isPending));
  const density =
    pending.reduce((sum, { rows }) => sum + rows.filter(({ isPending }) => isPending).length, 0) /
    Math.max(1, pending.length);
  const file = await inspectFile(session, definition, { tableId });
  const { notHeapOnly } = file;
  const filePages = Math.floor(statistics.heapBytes / blockSize);
  const sizer = new RegionSizer(
    { ...file, rowsPerPage: density, pages: filePages },
    { ...definition.pace, workers: 1, maxWorkers: 1 },
  );
  const regionAt = (place: number, rows: number) => {
    const page = pending[Math.floor(((place + 0.5) * pending.length) / PLACES)];
    if (!page) return Promise.resolve(null);
    return choice.order === 'page'
      ? Promise.resolve(pageRegion(selection, choice, { page, sizer, rows }))
      : keyRegion(session, selection, { page, rows });
  };
  const maxRows = Math.max(MIN_ROWS, Math.floor((statistics.rows ?? MIN_ROWS) * MAX_SHARE));
  const regions = await rehearseRegions(session, selection, { schema, places: PLACES, maxRows, regionAt });
  const stripes = choice.order === 'page' ? sizer.stripes : 1;
  const rowBytes = pages.length > 0 ? fullPageRow : 100;
  const heapOnly =
    notHeapOnly === null && regions.length > 0
      ? await rehearseCopy(session, selection, { schema, stripes, rowBytes, hasLargeValues })
      : null;
  const rowGrowth = growthOf(heapOnly) ?? ASSUMED_GROWTH;
  const roundTripMs = await roundTrip(session);
  return {
    order: choice.order,
    stripes,
    possibleStripes: sizer.stripes,
    notHeapOnly,
    rowGrowth,
    pages,
    regions,
    heapOnly,
    roundTripMs,
  };
}

function growthOf(heapOnly: HeapOnlyCosts | null): number | null {
  if (heapOnly === null || heapOnly.bytesBefore === null || heapOnly.bytesAfter === null) return null;
  return heapOnly.bytesAfter - heapOnly.bytesBefore;
}

function pageRegion(
  selection: RowSelection,
  { files }: OrderChoice,
  { page, sizer, rows }: { readonly page: SampledPage; readonly sizer: RegionSizer; readonly rows: number },
): RegionToRehearse | null {
  const found = files.find(({ tableId }) => tableId === page.tableId);
  if (!found) return null;
  const { pages, rowsPerPage: _, ...file } = found;
  const region = sizer.region(rows);
  const first = Math.max(0, Math.min(page.page, pages - region.pages));
  return {
    selection: new FileSelection(selection, file),
    range: { lower: boundAt(first), upper: boundAt(Math.min(pages, first + region.pages)), file },
    region,
  };
}

async function keyRegion(
  session: Session,
  selection: RowSelection,
  { page, rows }: { readonly page: SampledPage; readonly rows: number },
): Promise<RegionToRehearse | null> {
  const lower = await keyOnPage(session, selection, page);
  if (lower === null) return null;
  const upper =
    (await keyAtDistance(session, selection, { after: lower, upTo: null, keys: 4 * rows })) ??
    (await highestKey(session, selection));
  return upper && { selection, range: { lower, upper, file: null }, region: null };
}

async function keyOnPage(
  session: Session,
  selection: RowSelection,
  { page, rows }: SampledPage,
): Promise<Key | null> {
  const { from, keyJson, definition } = selection;
  const result = await session.query(applyPolicy(definition.pace), {
    text: `SELECT ${keyJson}::text FROM ${from} WHERE ${ROW}.ctid = $1::tid LIMIT 1`,
    values: [`(${page},${rows[0]?.at ?? 1})`],
  });
  return result.firstValue(keyFromJson) ?? null;
}

async function roundTrip(session: Session): Promise<number> {
  const times = [];
  for (let at = 0; at < ROUND_TRIPS; at++) {
    const startedAt = performance.now();
    await session.send([{ text: 'SELECT 1' }]);
    times.push(performance.now() - startedAt);
  }
  return Math.min(...times);
}
