import { pageOf, positionFromKey, positionToKey, startCtid } from '../../../../ledger/pages/page-position.js';
import type { Key } from '../../../../ledger/range.js';
import type { BatchOutcome } from '../../../batch/batch.js';
import {
  boundAt,
  nextPosition,
  pageOfBound,
  regionAt,
  stripeAt,
  type Region,
} from '../../../batch/order/region.js';
import type { BatchStage } from '../pace/batch.pacer.js';
import type { RegionSizer } from './region.sizer.js';
import { SHRINK_FACTOR, WINDOW_BATCHES, type SweepWindow, type WindowBatch } from './sweep-window.js';

/** 128 MB with PostgreSQL's usual page size. */
const MAX_PAGES = 16_384;
/** 32 MB. With many pending rows, closing the window reads its pages once more, which should be in memory. */
const MAX_STRIPED_WINDOW = 4_096;
/** What a batch is expected to find: all rows of its stripe, and many of them. */
const NOT_FULL = { selected: Infinity, limit: Infinity, lastCtid: null };

/** A window of pages. */
export class PageWindow implements SweepWindow {
  readonly #sizer: RegionSizer;
  #pages: number;
  #maxPages = MAX_PAGES;
  #hasPending = false;
  #mayHaveSkipped = true;

  constructor(sizer: RegionSizer, batchRows: number) {
    this.#sizer = sizer;
    this.#pages = this.#pagesOfBatches(batchRows);
  }

  get size(): number {
    return this.#pages;
  }

  /** Batches that find no row still move the cursor, so the end of the window is always reached by them. */
  get isExhausted(): boolean {
    return false;
  }

  get hasPending(): boolean {
    return this.#hasPending;
  }

  get mayHaveSkipped(): boolean {
    return this.#mayHaveSkipped;
  }

  region(limit: number): Region {
    const { pages, stripes } = this.#sizer.region(limit);
    return { pages: Math.min(pages, this.#maxPages), stripes };
  }

  /** Pages with several stripes have many pending rows, so that their number is well known. */
  pagesAt(cursor: Key | null, region: Region | null, limit: number): number | null {
    const { stripes } = stripeAt(cursor, region);
    const pages = this.#sizer.pagesOfBatch(limit, stripes);
    return stripes > 1 && pages >= 1 ? evenPart(pagesLeft(cursor, region), pages) : null;
  }

  stageAt(cursor: Key | null, region: Region | null): BatchStage {
    const { stripe, stripes } = stripeAt(cursor, region);
    if (stripe === 0) return stripes > 1 ? 'moving' : 'regular';
    return this.#sizer.spills(stripe, stripes) ? 'spilling' : 'regular';
  }

  expectedCursor({ cursor, region, pages, windowUpper, limit }: WindowBatch): Key | null {
    if (cursor === null || region === null) return cursor;
    const from = positionFromKey(cursor);
    const begun = regionAt(from, region, pageOfBound(windowUpper));
    const page = pageOf(from.ctid) + (pages ?? this.#sizer.pagesOfBatch(limit, begun.stripes));
    if (page < begun.endPage) return positionToKey({ ...from, ctid: startCtid(page), begun });
    return positionToKey(nextPosition(from, begun, NOT_FULL));
  }

  hasRoomBeyond(inFlight: readonly WindowBatch[]): boolean {
    const last = inFlight.at(-1);
    const cursor = last && this.expectedCursor(last);
    return last !== undefined && pageOf((cursor ?? boundAt(0))[0] ?? '') < pageOfBound(last.windowUpper);
  }

  batchFinished(outcome: BatchOutcome, batch: WindowBatch): void {
    const { selected, changed } = outcome;
    // A batch of pages does not know which rows it should have changed.
    this.#mayHaveSkipped ||= batch.lockMode === 'locking' || batch.pages !== null || changed < selected;
    if (selected > 0) this.#hasPending = true;
    this.#sizer.batchFinished(outcome, batch);
  }

  pendingFound(): void {
    this.#hasPending = true;
  }

  rowsSkipped(): void {
    this.#mayHaveSkipped = true;
  }

  exhausted(): void {}

  reset(): void {
    this.#mayHaveSkipped = true;
  }

  shrink(): boolean {
    if (this.#pages <= 1) return false;
    this.#maxPages = this.#pages = Math.max(1, Math.floor(this.#pages / SHRINK_FACTOR));
    return true;
  }

  /** After a window without a pending row, the next one is twice as large, so that it needs few statements. */
  grow(batchRows: number): void {
    const wanted = this.#hasPending ? this.#pagesOfBatches(batchRows) : this.#pages * 2;
    this.#pages = clamp(wanted, 1, this.#maxPages);
  }

  /** The pages of a window with `WINDOW_BATCHES` batches. */
  #pagesOfBatches(batchRows: number): number {
    const max = this.#sizer.stripes > 1 ? MAX_STRIPED_WINDOW : MAX_PAGES;
    return clamp(WINDOW_BATCHES * this.#sizer.pagesFor(batchRows), 1, max);
  }

  opened({ mayHaveSkipped }: { readonly mayHaveSkipped: boolean }): void {
    this.#hasPending = false;
    this.#mayHaveSkipped = mayHaveSkipped;
  }
}

/** The number of pages between the cursor and the end of its region, unless the window ends earlier. */
function pagesLeft(cursor: Key | null, region: Region | null): number {
  const { ctid, firstPage, begun } = positionFromKey(cursor ?? boundAt(0));
  return Math.max(1, (begun?.endPage ?? firstPage + (region?.pages ?? 1)) - pageOf(ctid));
}

/** The largest of the fewest equal parts of at most `max`: a small rest would cost as much as a whole batch. */
function evenPart(whole: number, max: number): number {
  return Math.ceil(whole / Math.ceil(whole / max));
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, Math.ceil(value)));
}
