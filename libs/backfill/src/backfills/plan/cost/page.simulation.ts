import type { SampledPage, SampledRow } from '../rehearsal/sampled-pages.js';

/** How often a way comes to each page: in one pass, in several stripes, or with each of its rows alone. */
export type Passes = number | 'each-row';

export interface SimulationOptions {
  readonly passes: Passes;
  /** Bytes by which a row grows. */
  readonly growth: number;
  /** False: every new version goes to another page. */
  readonly canBeHeapOnly: boolean;
  /** False: dead versions stay, e.g. in one UPDATE. */
  readonly isPruned: boolean;
  readonly blockSize: number;
  /** Bytes of a page that inserted rows leave free (fillfactor). */
  readonly reservedBytes: number;
  /** Free bytes of each page. @default as sampled */
  readonly freeBytes?: number;
}

/** What the changes of some pages come to. */
export interface SimulatedPages {
  readonly pages: number;
  /** Pages with a pending row. */
  readonly changedPages: number;
  readonly changed: number;
  /** Updates whose new version stays on its page. */
  readonly heapOnly: number;
  /** Updates whose new version goes to another page, and the bytes of these versions with their line pointers. */
  readonly movedRows: number;
  readonly movedBytes: number;
  /** Moved rows that find room on pages that VACUUM has cleared. */
  readonly reusedRows: number;
  /** How often a page was pruned, and the dead versions that this removed. */
  readonly prunes: number;
  readonly prunedRows: number;
  /** Rows of the first pass, and those of them whose new version stays on its page. */
  readonly firstChanged: number;
  readonly firstHeapOnly: number;
}

const PAGE_HEADER = 24;
const LINE_POINTER = 4;
/** PostgreSQL prunes a page only if less than this share of it is free (`heap_page_prune_opt`). */
const PRUNE_BELOW = 0.1;
/** Line pointers that fit on a page of 8 kB (`MaxHeapTuplesPerPage`), per byte of the page. */
const LINE_POINTERS_PER_BYTE = 291 / 8192;

/**
 * Simulates a sweep on sampled pages, as PostgreSQL places the versions of rows. Room that VACUUM has recorded
 * in the free space map is taken by rows that move there from other pages, before the sweep comes to it.
 */
export function simulatePages(pages: readonly SampledPage[], options: SimulationOptions): SimulatedPages {
  const full = simulate(pages, options, 1);
  const takenShare = Math.min(1, full.movedRows / Math.max(1, full.reusableRows));
  const result = simulate(pages, options, takenShare);
  return { ...result, reusedRows: Math.min(result.movedRows, result.reusableRows) };
}

/** @param takenShare of the reusable room, from 0 to 1, that other rows take before */
function simulate(pages: readonly SampledPage[], options: SimulationOptions, takenShare: number) {
  const sum = { pages: pages.length, changedPages: 0, changed: 0, heapOnly: 0, movedRows: 0, movedBytes: 0 };
  const more = { prunes: 0, prunedRows: 0, firstChanged: 0, firstHeapOnly: 0, reusableRows: 0 };
  for (const { rows } of pages) {
    const page = new SimulatedPage(rows, options, takenShare);
    more.reusableRows += page.reusableRows;
    const pending = rows.filter(({ isPending }) => isPending);
    if (pending.length === 0) continue;
    const [first = [], ...others] = passesOf(pending, options.passes);
    page.change(first);
    more.firstChanged += first.length;
    more.firstHeapOnly += page.heapOnly;
    for (const pass of others) page.change(pass);
    sum.changedPages++;
    sum.changed += pending.length;
    sum.heapOnly += page.heapOnly;
    sum.movedRows += page.movedRows;
    sum.movedBytes += page.movedBytes;
    more.prunes += page.prunes;
    more.prunedRows += page.prunedRows;
  }
  return { ...sum, ...more };
}

/** With a larger share of heap-only updates in the first stripe, a sweep halves the number of stripes. */
const ROOMY_SHARE = 0.9;

/** Simulates stripes whose number adapts to the room of the pages. */
export function simulateStripes(
  pages: readonly SampledPage[],
  options: SimulationOptions & { readonly passes: number },
): SimulatedPages {
  const simulated = simulatePages(pages, options);
  const { passes } = options;
  if (passes > 1 && simulated.firstHeapOnly > ROOMY_SHARE * simulated.firstChanged)
    return simulateStripes(pages, { ...options, passes: Math.ceil(passes / 2) });
  return simulated;
}

function passesOf(rows: readonly SampledRow[], passes: Passes): (readonly SampledRow[])[] {
  if (passes === 'each-row') return rows.map((row) => [row]);
  const stripes = Array.from({ length: passes }, (_, stripe) =>
    rows.filter(({ at }) => (at % 256) % passes === stripe),
  );
  return stripes.filter((stripe) => stripe.length > 0);
}

class SimulatedPage {
  readonly #options: SimulationOptions;
  #free: number;
  #linePointers: number;
  /** Dead versions that the next pruning removes, and their bytes. */
  #dead = { rows: 0, bytes: 0 };
  #isFull = false;
  heapOnly = 0;
  movedRows = 0;
  movedBytes = 0;
  prunes = 0;
  prunedRows = 0;
  /** Rows that could move to this page. */
  readonly reusableRows: number;

  constructor(rows: readonly SampledRow[], options: SimulationOptions, takenShare: number) {
    const { blockSize, freeBytes, growth, reservedBytes } = options;
    this.#options = options;
    this.#linePointers = Math.max(0, ...rows.map(({ at }) => at));
    const tuples = rows.reduce((bytes, row) => bytes + aligned(row.bytes), 0);
    const used = PAGE_HEADER + LINE_POINTER * this.#linePointers + tuples;
    const free = freeBytes ?? Math.max(0, blockSize - used);
    const needed = aligned(tuples / Math.max(1, rows.length) + growth) + LINE_POINTER;
    this.reusableRows = freeBytes === undefined ? Math.floor(Math.max(0, free - reservedBytes) / needed) : 0;
    this.#free = free - takenShare * this.reusableRows * needed;
  }

  /** Changes rows in one transaction. */
  change(rows: readonly SampledRow[]): void {
    this.#prune();
    for (const { bytes } of rows) this.#update(bytes);
  }

  #prune(): void {
    const { blockSize, isPruned } = this.#options;
    if (!isPruned || this.#dead.rows === 0) return;
    if (!this.#isFull && this.#free >= PRUNE_BELOW * blockSize) return;
    this.#free += this.#dead.bytes;
    this.prunedRows += this.#dead.rows;
    this.#dead = { rows: 0, bytes: 0 };
    this.#isFull = false;
    this.prunes++;
  }

  #update(bytes: number): void {
    const { blockSize, canBeHeapOnly, growth } = this.#options;
    const needed = aligned(bytes + growth) + LINE_POINTER;
    const hasRoom =
      needed <= this.#free && this.#linePointers < Math.floor(blockSize * LINE_POINTERS_PER_BYTE);
    this.#dead = { rows: this.#dead.rows + 1, bytes: this.#dead.bytes + aligned(bytes) };
    if (hasRoom) {
      // Without heap-only updates, the new version stays on its page too, but needs entries in every index.
      this.#free -= needed;
      this.#linePointers++;
      if (canBeHeapOnly) this.heapOnly++;
    } else {
      this.#isFull = true;
      this.movedRows++;
      this.movedBytes += needed;
    }
  }
}

/** PostgreSQL aligns tuples to 8 bytes. */
export function aligned(bytes: number): number {
  return 8 * Math.ceil(bytes / 8);
}
