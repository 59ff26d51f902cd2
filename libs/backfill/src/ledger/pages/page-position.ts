import type { Key } from '../range.js';

/**
 * A position of a sweep in page order. It is stored where a range of keys has a key, as a JSON array of texts.
 * Positions are passed in this order: region by region; in a region, stripe by stripe; in a stripe, by ctid.
 */
export interface PagePosition {
  /** Rows of the stripe up to this ctid are done, e.g. `(12,7)`. `(12,0)` precedes every row of page 12. */
  readonly ctid: string;
  /** The number of the stripe, from 0. */
  readonly stripe: number;
  /** The first page of the region. */
  readonly firstPage: number;
  /** The rest of the region; null before its first batch. */
  readonly begun: BegunRegion | null;
}

export interface BegunRegion {
  /** The first page after the region. */
  readonly endPage: number;
  readonly stripes: number;
}

/** The position before the first row of a page. */
export function startOfPage(page: number): PagePosition {
  return { ctid: startCtid(page), stripe: 0, firstPage: page, begun: null };
}

/** The ctid before the first row of a page. */
export function startCtid(page: number): string {
  return `(${page},0)`;
}

export function positionToKey({ ctid, stripe, firstPage, begun }: PagePosition): Key {
  const region = begun === null ? [] : [String(begun.endPage), String(begun.stripes)];
  return [ctid, String(stripe), String(firstPage), ...region];
}

export function positionFromKey([
  ctid = '(0,0)',
  stripe = '0',
  firstPage = '0',
  endPage,
  stripes,
]: Key): PagePosition {
  const begun = endPage === undefined ? null : { endPage: Number(endPage), stripes: Number(stripes) };
  return { ctid, stripe: Number(stripe), firstPage: Number(firstPage), begun };
}

/** Compares two ctids: negative if the first precedes the second. */
export function compareCtids(a: string, b: string): number {
  const [[pageA, rowA], [pageB, rowB]] = [parseCtid(a), parseCtid(b)];
  return pageA - pageB || rowA - rowB;
}

/** The page of a ctid: 12 for `(12,7)`. */
export function pageOf(ctid: string): number {
  return parseCtid(ctid)[0];
}

/** The line pointer of a ctid: 7 for `(12,7)`. */
export function rowOf(ctid: string): number {
  return parseCtid(ctid)[1];
}

function parseCtid(ctid: string): [page: number, row: number] {
  const comma = ctid.indexOf(',');
  return [Number(ctid.slice(1, comma)), Number(ctid.slice(comma + 1, -1))];
}
