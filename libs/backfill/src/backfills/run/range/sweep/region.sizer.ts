import { pageOf, positionFromKey, type PagePosition } from '../../../../ledger/pages/page-position.js';
import type { BatchOutcome } from '../../../batch/batch.js';
import type { FileFacts } from '../../../batch/order/file.inspector.js';
import { boundAt, pageOfBound, regionAt, type Region, type RegionPart } from '../../../batch/order/region.js';
import type { Pace } from '../../../declare/pace.js';
import { SpilledStripes } from './spilled-stripes.js';
import { StripePeak } from './stripe-peak.js';
import type { WindowBatch } from './sweep-window.js';

/**
 * By the number of indexes: the factor in the number of stripes, √(factor × rows of a page), and the most stripes. With
 * k stripes, about one k-th of the rows leave their page in the first one, and each needs an entry in each index; and
 * each page is read k times, whatever its rows. The sum of both is least at such a root. Measured on PostgreSQL's defaults: of 2,500,000 rows of 290 bytes with one index, 8 stripes took as long as
 * 6, and the table grew by 30 % instead of 37 %; 12 stripes took 17 % longer, and it grew by 27 %. Of 1,000,000 rows
 * with four indexes, 12 stripes took as long as 8, and it grew by 10 % instead of 15 %.
 */
const STRIPING = [
  { indexes: 1, factor: 2.2, stripes: 8 },
  { indexes: 2, factor: 3.6, stripes: 10 },
  { indexes: Infinity, factor: 5.2, stripes: 12 },
] as const;
/** With fewer pages, the table's growth does not matter, and the batches of one stripe are fuller. */
const MIN_STRIPED_PAGES = 64;
/** 8 MB with PostgreSQL's usual page size: small enough to stay in shared buffers between the stripes. */
const MAX_STRIPED_PAGES = 1_024;
/**
 * The same for the regions of all workers together, and the bounds for one of them: with fewer pages, a stripe would
 * have a single batch.
 */
const SHARED_PAGES = { together: 4_096, least: 512, most: 2_048 } as const;
/**
 * Number of batches in a stripe if several workers are at work. Dead versions can be pruned only after the batches
 * of other workers that were running at the commit have ended. With one batch in a stripe, they still run when the
 * next stripe reads the same pages.
 */
const SHARED_STRIPE_BATCHES = 4;
const STRIPE_MARGIN = 1.1;
/** The margin above the fullest stripe of the last two regions. */
const PEAK_MARGIN = 1.05;
/** A region is smaller than its batches may be, so that they still cover it if their limit or the density changes. */
const REGION_SHARE = 0.9;
/** 16 MB. One statement reads at most this part of a table that has few pending rows. */
const MAX_PAGES = 2_048;
const MIN_ROWS_PER_PAGE = 0.01;
/** Number of pages from which the density is measured, or the whole region if it is smaller. */
const MIN_MEASURED_PAGES = 8;
/** The weight of the last batch in the estimate of the pending rows per page. */
const SMOOTHING = 0.5;
/** Number of stripes after which the share of updates on the same page is judged. */
const JUDGED_STRIPES = 8;
/** With a smaller share, stripes do not help, e.g. because an old snapshot keeps dead rows. */
const MIN_SAME_PAGE_SHARE = 0.25;
/** With a larger share in the first stripe, the pages have room already, and fewer stripes suffice. */
const ROOMY_SHARE = 0.9;
/**
 * After stripes were given up or reduced, the number of batches until they are tried again. It doubles each time,
 * because the cause may be short, e.g. the snapshot of an ANALYZE. A try is cheap: some batches read their pages
 * once more. With a larger maximum, much of a table would lose its stripes to a cause that ended long ago.
 */
const MIN_RETRY_BATCHES = 16;
const MAX_RETRY_BATCHES = 64;

/** The options that determine the regions. */
export type SizerPace = Pick<Pace, 'stripes' | 'workers' | 'maxWorkers'>;

/** Chooses the regions of a sweep from the rows that its batches have found. */
export class RegionSizer {
  readonly #fixedStripes: number | null;
  readonly #canGain: boolean;
  readonly #striping: (typeof STRIPING)[number];
  readonly #stripeBatches: number;
  readonly #maxRegion: number;
  /** Pending rows per page. */
  #density: number;
  readonly #peak = new StripePeak();
  readonly #spilled = new SpilledStripes();
  /** The maximum number of stripes at present. */
  #maxStripes: number;
  /** Updates in other stripes than the first, since the last judgement. */
  #judged = { stripes: 0, changed: 0, samePage: 0 };
  #batchesUntilRetry = 0;
  #nextRetryBatches = MIN_RETRY_BATCHES;

  /** @param pace the options of the backfill */
  constructor(
    { rowsPerPage, pages, indexes, notHeapOnly }: FileFacts,
    { stripes, workers, maxWorkers }: SizerPace,
  ) {
    const sweeping = Math.max(workers, maxWorkers);
    this.#stripeBatches = sweeping > 1 ? SHARED_STRIPE_BATCHES : 1;
    this.#maxRegion = sweeping > 1 ? sharedPages(sweeping) : MAX_STRIPED_PAGES;
    this.#striping = STRIPING.find((striping) => indexes <= striping.indexes) ?? STRIPING[0];
    this.#maxStripes = this.#striping.stripes;
    this.#density = Math.max(MIN_ROWS_PER_PAGE, rowsPerPage);
    this.#fixedStripes = stripes === 'auto' ? null : stripes;
    this.#canGain = notHeapOnly === null && pages >= MIN_STRIPED_PAGES;
  }

  region(limit: number): Region {
    const { stripes } = this;
    const rows = this.#rowsPerPass(stripes);
    // A batch with as many rows as its limit may not be the last one of its stripe.
    if (stripes === 1) return { pages: clamp(Math.floor((limit - 1) / rows), MAX_PAGES), stripes };
    const batchPages = (REGION_SHARE * limit) / rows;
    return { pages: clamp(Math.floor(this.#stripeBatches * batchPages), this.#maxRegion), stripes };
  }

  /** Number of pages that a batch of `limit` rows reads in a region with this number of stripes. */
  pagesOfBatch(limit: number, stripes: number): number {
    return Math.floor(limit / this.#rowsPerPass(stripes));
  }

  /**
   * Pending rows of a page in one stripe. They are whole rows, e.g. at most 5 of 27 rows with 6 stripes. If pages
   * differ, some parts of the table have more, so that the mean has a margin. With 8 stripes, the first three have 4
   * of 27 rows and the others 3: the mean of the last batches can be below the next stripe's.
   */
  #rowsPerPass(stripes: number): number {
    if (stripes === 1) return this.#density;
    const mean = this.#density / stripes;
    return Math.max(Math.ceil(mean), STRIPE_MARGIN * mean, PEAK_MARGIN * this.#peak.rows(stripes));
  }

  /** Whether some rows of this stripe are expected to move to other pages, although it is not the first. */
  spills(stripe: number, stripes: number): boolean {
    return this.#spilled.has(stripe, stripes);
  }

  /** Number of pages that contain about `rows` pending rows. */
  pagesFor(rows: number): number {
    return rows / this.#density;
  }

  get stripes(): number {
    if (this.#fixedStripes !== null) return this.#fixedStripes;
    if (!this.#canGain) return 1;
    const wanted = Math.round(Math.sqrt(this.#striping.factor * this.#density));
    // A stripe without a row on most pages helps nobody.
    return Math.max(1, Math.min(this.#maxStripes, wanted, Math.floor(this.#density)));
  }

  batchFinished(outcome: BatchOutcome, batch: WindowBatch): void {
    const { cursor, windowUpper } = batch;
    if (batch.region === null) return;
    const from = positionFromKey(cursor ?? boundAt(0));
    const region = regionAt(from, batch.region, pageOfBound(windowUpper));
    if (this.#batchesUntilRetry > 0 && --this.#batchesUntilRetry === 0)
      this.#maxStripes = this.#striping.stripes;
    if (region.stripes > 1 && outcome.samePage !== null) this.#judge(outcome, from.stripe, region.stripes);
    // The last stripe also takes the rows of sparse stripes, so that its rows say less.
    const isLastOfSeveral = region.stripes > 1 && from.stripe === region.stripes - 1;
    if (!isLastOfSeveral) this.#measureDensity(outcome, batch, from, region);
  }

  #measureDensity(
    { selected, cursor }: BatchOutcome,
    batch: WindowBatch,
    from: PagePosition,
    { endPage, stripes }: RegionPart,
  ): void {
    const start = pageOf(from.ctid);
    const isFull = batch.pages === null && selected >= batch.limit && cursor !== null;
    const end = isFull
      ? pageOf(positionFromKey(cursor).ctid) + 1
      : Math.min(endPage, start + (batch.pages ?? Infinity));
    const pages = end - start;
    // The rest of a stripe on a page or two says little.
    if (pages < Math.max(1, Math.min(MIN_MEASURED_PAGES, endPage - from.firstPage))) return;
    if (stripes > 1) this.#peak.measured(from.firstPage, stripes, selected / pages);
    const measured = Math.max(MIN_ROWS_PER_PAGE, (selected * stripes) / pages);
    this.#density += SMOOTHING * (measured - this.#density);
  }

  /** Gives up stripes that do not help, and reduces their number where pages have room. */
  #judge({ changed, samePage }: BatchOutcome, stripe: number, stripes: number): void {
    if (changed === 0) return;
    const share = Math.min(1, (samePage ?? 0) / changed);
    if (stripe === 0) {
      if (share > ROOMY_SHARE) this.#limitStripes(Math.ceil(this.stripes / 2));
      return;
    }
    this.#spilled.measured(stripe, stripes, share);
    this.#judged.stripes++;
    this.#judged.changed += changed;
    this.#judged.samePage += samePage ?? 0;
    if (this.#judged.stripes < JUDGED_STRIPES) return;
    const helps = this.#judged.samePage >= MIN_SAME_PAGE_SHARE * this.#judged.changed;
    this.#judged = { stripes: 0, changed: 0, samePage: 0 };
    if (helps) this.#nextRetryBatches = MIN_RETRY_BATCHES;
    else this.#limitStripes(1);
  }

  #limitStripes(max: number): void {
    this.#maxStripes = Math.max(1, max);
    this.#batchesUntilRetry = this.#nextRetryBatches;
    this.#nextRetryBatches = Math.min(MAX_RETRY_BATCHES, 2 * this.#nextRetryBatches);
  }
}

/** The most pages of a region of one of several workers. */
function sharedPages(workers: number): number {
  const { together, least, most } = SHARED_PAGES;
  return Math.max(least, Math.min(most, Math.floor(together / workers)));
}

function clamp(pages: number, max: number): number {
  return Math.max(1, Math.min(max, pages));
}
