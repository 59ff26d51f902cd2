import {
  compareCtids,
  pageOf,
  positionFromKey,
  positionToKey,
  startCtid,
  startOfPage,
  type PagePosition,
} from '../../../ledger/pages/page-position.js';
import type { Key } from '../../../ledger/range.js';

/**
 * A region is a run of pages that a sweep passes several times, once for each stripe. A stripe is every k-th
 * row of each page. The new versions of the first stripe's rows go to other pages, because the region's pages
 * are full. The next pass prunes the dead versions, so that its new versions find room on the same page: they
 * are heap-only (PostgreSQL manual, 66.7), need no index entry and little WAL, and the table hardly grows.
 */
export interface Region {
  /** Maximum number of pages. */
  readonly pages: number;
  /** Number of stripes; 1: every row is in the same stripe. The last stripe takes every row that is left. */
  readonly stripes: number;
}

/** The part of the region that a batch reads. */
export interface RegionPart {
  /** The first page after the region. */
  readonly endPage: number;
  readonly stripes: number;
}

/**
 * The region of a position. A region that has begun keeps its size. A window that was shortened meanwhile ends it
 * earlier.
 *
 * @param size of a region that begins
 * @param windowEnd the first page after the window
 */
export function regionAt({ firstPage, begun }: PagePosition, size: Region, windowEnd: number): RegionPart {
  const { endPage, stripes } = begun ?? { endPage: firstPage + size.pages, stripes: size.stripes };
  return { endPage: Math.min(endPage, windowEnd), stripes };
}

/** The stripe of a position, and the number of stripes. @param region the size of a region that begins there */
export function stripeAt(cursor: Key | null, region: Region | null): { stripe: number; stripes: number } {
  const { stripe, begun } = positionFromKey(cursor ?? boundAt(0));
  return { stripe, stripes: begun?.stripes ?? region?.stripes ?? 1 };
}

/** Whether a batch at this position is in the first of several stripes, whose rows move to other pages. */
export function isFirstOfStripes(cursor: Key | null, region: Region | null): boolean {
  const { stripe, stripes } = stripeAt(cursor, region);
  return stripe === 0 && stripes > 1;
}

/**
 * The stripe of a row by its line pointer, as `PageOrder` computes it in SQL from the lowest byte of the number.
 * Lines begin with 1. The first line is in the first stripe, so that no stripe has more rows than the first: the
 * rows that it moves to other pages make the room for the new versions of each other stripe.
 */
export function stripeOf(line: number, stripes: number): number {
  return ((line % 256) + stripes - 1) % stripes;
}

/** What a batch found in its stripe. */
export interface StripeResult {
  /** Number of rows that the batch selected, and its maximum. */
  readonly selected: number;
  readonly limit: number;
  /**
   * The last ctid of the selected rows that is in the part that the batch reads; null if there is none. A row
   * that another session has updated meanwhile can be on another page when the batch locks it.
   */
  readonly lastCtid: string | null;
}

/**
 * A stripe with fewer selected rows per page than this is sparse: the last stripe then takes all other rows at
 * once, because pages with few changed rows have room for them.
 */
export const SPARSE_ROWS_PER_PAGE = 0.25;

/**
 * The position after a batch. `PageOrder` computes the same in SQL, because the server executes several
 * batches before this process knows the position of the first.
 */
export function nextPosition(
  from: PagePosition,
  begun: RegionPart,
  { selected, limit, lastCtid }: StripeResult,
): PagePosition {
  const { firstPage, stripe } = from;
  const { endPage, stripes } = begun;
  if (selected >= limit && lastCtid !== null) return { ...from, ctid: lastCtid, begun };
  if (stripe >= stripes - 1) return startOfPage(endPage);
  const start = startCtid(firstPage);
  const isSparse = from.ctid === start && selected <= (endPage - firstPage) * SPARSE_ROWS_PER_PAGE;
  return { firstPage, ctid: start, stripe: isSparse ? stripes - 1 : stripe + 1, begun };
}

/** `StripeResult.lastCtid` of rows with these ctids. */
export function lastCtidWithin(ctids: readonly string[], from: PagePosition, endPage: number): string | null {
  const end = startCtid(endPage);
  let last: string | null = null;
  for (const ctid of ctids) {
    if (compareCtids(ctid, last ?? from.ctid) > 0 && compareCtids(ctid, end) <= 0) last = ctid;
  }
  return last;
}

/** The bound of a range or window before the first row of a page. */
export function boundAt(page: number): Key {
  return positionToKey(startOfPage(page));
}

/** The page of a bound, as `boundAt` made it. */
export function pageOfBound([ctid = '(0,0)']: Key): number {
  return pageOf(ctid);
}
