import type { MeasuredCosts } from '../rehearsal/cost.rehearsal.js';
import type { TableStatistics } from '../table.statistics.js';
import { indexGrowth } from './index.growth.js';
import { simulatePages, simulateStripes, type Passes, type SimulatedPages } from './page.simulation.js';
import { unitCosts, type UnitCosts } from './unit.costs.js';

/** How a way comes to the rows. */
export interface Visit {
  readonly passes: Passes;
  /** Whether the batches commit, so that dead versions are pruned. False for one UPDATE. */
  readonly commits: boolean;
  /** Percent of each page that is filled before. @default as the table is */
  readonly repackedTo?: number;
}

/** What the changes of all pending rows cost, without pauses, round trips and the proof. */
export interface WorkCost {
  readonly ms: number;
  readonly walBytes: number;
  readonly tableGrowthBytes: number;
  readonly indexGrowthBytes: number;
  readonly heapOnlyShare: number;
  readonly deadRows: number;
}

const PAGE_HEADER = 24;
/** WAL of pruning one page, and of each of its rows. */
const PRUNE_BYTES = 70;
const PRUNE_ROW_BYTES = 4;
/** WAL of splitting one page of an index: the half that moves, and the links. */
const SPLIT_BYTES = 4_300;
const INDEX_PAGE = 8192;

/** Predicts the cost of ways from what was measured on some regions of the table. */
export class CostModel {
  readonly #costs: MeasuredCosts;
  readonly #statistics: TableStatistics;
  readonly #pending: number;
  readonly #units: UnitCosts;

  constructor(costs: MeasuredCosts, statistics: TableStatistics, pending: number) {
    this.#costs = costs;
    this.#statistics = statistics;
    this.#pending = pending;
    const rehearsed = this.#simulate({ passes: costs.stripes, commits: true });
    this.#units = unitCosts(costs, rehearsed.firstHeapOnly / Math.max(1, rehearsed.firstChanged));
  }

  /** What a page costs that is written to the WAL as a whole. */
  get imageCost(): UnitCosts['image'] {
    return this.#units.image;
  }

  work(visit: Visit): WorkCost {
    const { blockSize, fillfactor, heapBytes, indexes, rows } = this.#statistics;
    const { ms, wal, image } = this.#units;
    const pages = this.#simulate(visit);
    const scale = this.#pending / Math.max(1, pages.changed);
    const heapOnly = pages.heapOnly * scale;
    const moved = this.#pending - heapOnly;
    const grown = indexes.map((index) => indexGrowth(index, rows ?? this.#pending, moved));
    const indexGrowthBytes = grown.reduce((sum, { bytes }) => sum + bytes, 0);
    const heapPages = (heapBytes / blockSize) * (pages.changedPages / Math.max(1, pages.pages));
    const touched = heapPages + grown.reduce((sum, { touchedPages }) => sum + touchedPages, 0);
    // The pages of the rehearsed regions are in the WAL already, until the next checkpoint.
    const images = image.share * Math.max(0, touched - image.written);
    const tuple = pages.movedBytes / Math.max(1, pages.movedRows);
    const perPage = Math.max(
      1,
      Math.floor(((blockSize - PAGE_HEADER) * fillfactor) / 100 / Math.max(1, tuple)),
    );
    const newPages = Math.max(0, (pages.movedRows - pages.reusedRows) * scale) / perPage;
    return {
      ms: moved * ms.moved + heapOnly * ms.heapOnly + images * image.ms,
      walBytes:
        moved * wal.moved +
        heapOnly * wal.heapOnly +
        images * image.bytes +
        scale * (pages.prunes * PRUNE_BYTES + pages.prunedRows * PRUNE_ROW_BYTES) +
        (indexGrowthBytes / INDEX_PAGE) * SPLIT_BYTES,
      tableGrowthBytes: newPages * blockSize,
      indexGrowthBytes,
      heapOnlyShare: heapOnly / Math.max(1, this.#pending),
      deadRows: moved + scale * (pages.changed - pages.movedRows - pages.prunedRows),
    };
  }

  #simulate({ passes, commits, repackedTo }: Visit): SimulatedPages {
    const { blockSize, fillfactor } = this.#statistics;
    const options = {
      growth: this.#costs.rowGrowth,
      canBeHeapOnly: this.#costs.notHeapOnly === null,
      isPruned: commits,
      blockSize,
      reservedBytes: (blockSize * (100 - (repackedTo ?? fillfactor))) / 100,
      ...(repackedTo === undefined ? {} : { freeBytes: (blockSize * (100 - repackedTo)) / 100 }),
    };
    return typeof passes === 'number'
      ? simulateStripes(this.#costs.pages, { ...options, passes })
      : simulatePages(this.#costs.pages, { ...options, passes });
  }
}
