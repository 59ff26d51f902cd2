import type { IndexStatistics } from '../table.statistics.js';
import { aligned } from './page.simulation.js';

const INDEX_PAGE = 8192;
const PAGE_OVERHEAD = 40;
const LINE_POINTER = 4;
/** The fill of a B-tree that was built at once. */
const BUILT_FILL = 0.9;
/** The average fill of the pages of a B-tree after random inserts: ln 2. */
const RANDOM_FILL = Math.LN2;
/**
 * The share of the entries for which no room is made by removing entries of dead rows (bottom-up deletion). In the
 * order of the rows, the dead rows are those of the same batches. Both are fitted to runs of `npm run eval:plan`.
 */
const KEPT_SHARE = { inOrder: 0.4, atRandom: 0.8 };

/** What new entries do to an index. */
export interface IndexGrowth {
  readonly bytes: number;
  /** Pages of the index that receive an entry. */
  readonly touchedPages: number;
}

/**
 * The growth of a B-tree by new entries for present rows.
 *
 * @param rows the present entries
 */
export function indexGrowth(index: IndexStatistics, rows: number, newEntries: number): IndexGrowth {
  const pages = Math.max(1, index.bytes / INDEX_PAGE);
  // Equal keys share one entry (deduplication), so that an entry may be shorter than its values.
  const entry = Math.min(
    aligned(index.entryBytes) + LINE_POINTER,
    (BUILT_FILL * index.bytes) / Math.max(1, rows),
  );
  const room = Math.max(0, INDEX_PAGE - PAGE_OVERHEAD - (rows / pages) * entry);
  const needed = (newEntries / pages) * entry;
  // In the order of the rows, each page receives as many entries. In random order, full pages receive some too.
  const inOrder = needed <= room ? 0 : KEPT_SHARE.inOrder * needed * pages;
  const atRandom = (KEPT_SHARE.atRandom * needed * pages) / RANDOM_FILL;
  return {
    bytes: index.correlation * inOrder + (1 - index.correlation) * atRandom,
    touchedPages: pages * (1 - Math.exp(-newEntries / pages)),
  };
}
