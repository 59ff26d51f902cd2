import { pageOf, positionFromKey, rowOf } from '../../../ledger/pages/page-position.js';
import { text } from '../../../postgres/decoders.js';
import { StatementResult, type TextRow } from '../../../postgres/statement-result.js';
import type { SweepStep } from '../batch.js';
import { boundAt, pageOfBound, regionAt, stripeOf } from '../order/region.js';

/** The rows are kept in memory. */
const MAX_ROWS = 50_000;
/** Smaller batches look for a row that cannot be changed, so that most rows of the region would be read in vain. */
const MIN_BATCH_ROWS = 100;
/** Older rows are read again, because the longer they are kept, the more of them have a newer version by then. */
const MAX_AGE_MS = 2_000;

/** How much is read for the next region, compared with this one: regions grow while the batches grow. */
const NEXT_REGION_FACTOR = 1.25;

/** Pages whose pending rows are read together, before the batches that change them. */
export interface PagesToRead {
  readonly firstPage: number;
  /** The first page after them. */
  readonly endPage: number;
  /** The maximum number of rows. If the pages have more, they are read batch by batch. */
  readonly limit: number;
  readonly excludeQuarantined: boolean;
}

/** The rows of one batch, and its share of the server's time to read them. */
export interface RowsAhead {
  readonly rows: StatementResult;
  readonly serverMs: number;
}

/** Pages whose rows were read together. */
interface PagesRead {
  readonly pages: PagesToRead;
  readonly readAt: number;
  readonly types: readonly number[] | undefined;
  /** The server's time for each row. */
  readonly serverMsPerRow: number;
  /** A row is removed when a batch has taken it. */
  readonly rows: (TextRow | null)[];
  /** The pages of the rows, and their line pointers. They are compared for each batch of the region. */
  readonly pageOfRow: Uint32Array;
  readonly lineOfRow: Uint16Array;
}

/**
 * The rows of a region with several stripes, read in one pass. A read for each stripe would pass the same pages as
 * many times, and the server would wait while this process decodes the rows. A row that another session changes
 * after it was read is not written, as after any other read.
 */
export class ReadAhead {
  /** One after the other, without a gap between their pages. */
  #read: readonly PagesRead[] = [];
  /** Regions with more pages may have too many rows. */
  #maxPages = Infinity;

  /** The pages to read before this batch, after `take` has returned null; null if it should read its own rows. */
  pagesFor(step: SweepStep): PagesToRead | null {
    const { from, endPage } = partOf(step);
    return this.#pages(step, Math.max(from.firstPage, this.#endOfRead), endPage);
  }

  /** The pages of the next region that are not read yet; null if the batch's own region is not read. */
  pagesAfter(step: SweepStep): PagesToRead | null {
    const { endPage } = partOf(step);
    if (step.region === null || this.#endOfRead < endPage) return null;
    const next = endPage + Math.ceil(NEXT_REGION_FACTOR * step.region.pages);
    const isHalf = this.#endOfRead >= endPage + step.region.pages / 2;
    return isHalf ? null : this.#pages(step, this.#endOfRead, Math.min(next, pageOfBound(step.windowUpper)));
  }

  /** @param result in the order of the ctids, which are the first column */
  add(pages: PagesToRead, { rows, types }: StatementResult, serverMs: number): void {
    if (rows.length >= pages.limit) {
      this.#maxPages = Math.min(this.#maxPages, pages.endPage - pages.firstPage - 1);
      return;
    }
    const ctids = rows.map(([ctid = null]) => text(ctid));
    const read = {
      pages,
      readAt: performance.now(),
      types,
      serverMsPerRow: serverMs / Math.max(1, rows.length),
      rows: [...rows],
      pageOfRow: Uint32Array.from(ctids, pageOf),
      lineOfRow: Uint16Array.from(ctids, rowOf),
    };
    this.#read = this.#endOfRead === pages.firstPage ? [...this.#read, read] : [read];
  }

  /** Removes the rows of the batch; null if they were not read, or too long ago. */
  take(step: SweepStep): RowsAhead | null {
    const { from, endPage, stripes } = partOf(step);
    this.#forget(from.firstPage, step);
    const [first] = this.#read;
    if (first === undefined || first.pages.firstPage > from.firstPage || this.#endOfRead < endPage)
      return null;
    const [cursorPage, cursorLine] = [pageOf(from.ctid), rowOf(from.ctid)];
    const isLastStripe = from.stripe >= stripes - 1;
    const isOfBatch = (page: number, line: number) =>
      (page > cursorPage || (page === cursorPage && line > cursorLine)) &&
      (isLastStripe || stripeOf(line, stripes) === from.stripe);
    const taken: TextRow[] = [];
    let serverMs = 0;
    for (const { rows, pageOfRow, lineOfRow, serverMsPerRow } of this.#read) {
      for (const [at, row] of rows.entries()) {
        const [page = 0, line = 0] = [pageOfRow[at], lineOfRow[at]];
        if (page >= endPage || taken.length >= step.limit) break;
        if (row === null || !isOfBatch(page, line)) continue;
        taken.push(row);
        rows[at] = null;
        serverMs += serverMsPerRow;
      }
    }
    return { rows: new StatementResult(taken, first.types), serverMs };
  }

  /** Called after a batch has failed: the rows that it took are read again. */
  clear(): void {
    this.#read = [];
  }

  /** The first page that is not read. */
  get #endOfRead(): number {
    return this.#read.at(-1)?.pages.endPage ?? 0;
  }

  /** Forgets the pages before the region, and everything if the rows of the region cannot be used. */
  #forget(firstPage: number, { excludeQuarantined }: SweepStep): void {
    const read = this.#read.filter(({ pages }) => pages.endPage > firstPage);
    const minReadAt = performance.now() - MAX_AGE_MS;
    const isUsable = read.every(
      ({ pages, readAt }) => readAt >= minReadAt && pages.excludeQuarantined === excludeQuarantined,
    );
    const [first] = read;
    this.#read = isUsable && (first === undefined || first.pages.firstPage <= firstPage) ? read : [];
  }

  /** Null if there are none, or if the batches should read their own rows. */
  #pages(step: SweepStep, firstPage: number, endPage: number): PagesToRead | null {
    const { limit, region, excludeQuarantined } = step;
    const { from, stripes } = partOf(step);
    const isUseful = region !== null && from.stripe < stripes - 1 && limit >= MIN_BATCH_ROWS;
    const pages = endPage - firstPage;
    if (!isUseful || pages < 1 || pages > this.#maxPages) return null;
    return { firstPage, endPage, limit: MAX_ROWS, excludeQuarantined };
  }
}

function partOf({ cursor, region, windowUpper }: SweepStep) {
  const from = positionFromKey(cursor ?? boundAt(0));
  const { endPage, stripes } = regionAt(from, region ?? { pages: 1, stripes: 1 }, pageOfBound(windowUpper));
  return { from, endPage, stripes };
}
