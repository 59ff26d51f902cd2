import type { ExplainedBatch } from '../../batch/explained-batch.js';
import type { MeasuredCosts } from '../rehearsal/cost.rehearsal.js';
import { aligned } from './page.simulation.js';

/** What one row costs, and one page that is written to the WAL as a whole. */
export interface UnitCosts {
  /** Milliseconds for a row. */
  readonly ms: RowCost;
  /** Bytes of WAL for a row. */
  readonly wal: RowCost;
  readonly image: {
    readonly ms: number;
    readonly bytes: number;
    /** The share of the pages that have not been written since the last checkpoint. */
    readonly share: number;
    /** Number of such pages that the rehearsal has written. */
    readonly written: number;
  };
}

export interface RowCost {
  /** An update whose new version goes to another page, or that needs entries in every index. */
  readonly moved: number;
  readonly heapOnly: number;
}

/** With a smaller share of the images, the difference between two changes says little of one image. */
const MIN_DIFFERENCE = 0.8;
const PAGE_HEADER = 24;
const LINE_POINTER = 4;
/** Above this share of heap-only updates, a rehearsal says little of the others. */
const MAX_HEAP_ONLY = 0.7;
/** An update that is not heap-only then counts this many times. */
const ASSUMED_FACTOR = 2.5;

/** @param heapOnlyShare of the rehearsed updates */
export function unitCosts(costs: MeasuredCosts, heapOnlyShare: number): UnitCosts {
  const { regions, heapOnly, notHeapOnly } = costs;
  const copy = heapOnly?.batches ?? [];
  const again = regions.map((region) => region.again);
  const rows = total(again, 'rows');
  const image = imageCost(costs);
  const share = notHeapOnly === null ? heapOnlyShare : 0;
  const hidden = Math.min(...regions.map(hiddenWal));
  const ms = total(again, 'ms') / rows;
  const wal =
    Math.max(0, total(again, 'walBytes') - total(again, 'fullPageImages') * image.bytes) / rows + hidden;
  return {
    ms: rowCost(ms, copy.length > 0 ? perRow(copy, 'ms') : ms, share),
    wal: rowCost(wal, copy.length > 0 ? perRow(copy, 'walBytes') + hidden : wal, share),
    image,
  };
}

/**
 * The difference between a region's first change and its second one. Where rows move to pages that VACUUM has
 * cleared, the second change writes full pages too; then an image has the length of an average page.
 */
function imageCost({ regions, pages }: MeasuredCosts): UnitCosts['image'] {
  const first = regions.map((region) => region.first);
  const again = regions.map((region) => region.again);
  const all = total(first, 'fullPageImages');
  const images = all - total(again, 'fullPageImages');
  if (images < MIN_DIFFERENCE * all) return { ms: 0, bytes: averagePage(pages), share: 1, written: all };
  const perImage = (name: 'ms' | 'walBytes') =>
    images > 0 ? Math.max(0, (total(first, name) - total(again, name)) / images) : 0;
  return { ms: perImage('ms'), bytes: perImage('walBytes'), share: images > 0 ? 1 : 0, written: all };
}

/** The average number of bytes in use on a page. */
function averagePage(pages: MeasuredCosts['pages']): number {
  const bytes = pages.flatMap(({ rows }) => rows.map((row) => aligned(row.bytes) + LINE_POINTER));
  return PAGE_HEADER + bytes.reduce((sum, length) => sum + length, 0) / Math.max(1, pages.length);
}

function rowCost(measured: number, heapOnly: number, share: number): RowCost {
  return { heapOnly, moved: withoutHeapOnly(measured, heapOnly, share) };
}

/** WAL of a row that EXPLAIN does not count, because AFTER triggers wrote it. Other sessions' WAL counts too. */
function hiddenWal({ again, serverWalBytes }: MeasuredCosts['regions'][number]): number {
  return Math.max(0, serverWalBytes - again.walBytes) / again.rows;
}

function withoutHeapOnly(measured: number, heapOnly: number, share: number): number {
  if (share > MAX_HEAP_ONLY) return ASSUMED_FACTOR * heapOnly;
  return Math.max(measured, (measured - share * heapOnly) / (1 - share));
}

function perRow(batches: readonly ExplainedBatch[], name: 'ms' | 'walBytes'): number {
  return total(batches, name) / Math.max(1, total(batches, 'rows'));
}

function total(batches: readonly ExplainedBatch[], name: keyof ExplainedBatch): number {
  return batches.reduce((sum, batch) => sum + batch[name], 0);
}
