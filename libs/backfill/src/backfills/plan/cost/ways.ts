import type { WayCost, WayName } from '../../../report/run-prediction.js';
import type { MeasuredCosts } from '../rehearsal/cost.rehearsal.js';
import type { TableStatistics } from '../table.statistics.js';
import type { CostModel, Visit, WorkCost } from './cost.model.js';

/** Bytes a second with which a repack writes a table and its indexes. An assumption: it is not rehearsed. */
const REPACK_BYTES_PER_SECOND = 50_000_000;
/** Above this correlation, the order of the key is the order of the rows. */
const IN_ORDER = 0.8;

export interface WayFacts {
  readonly costs: MeasuredCosts;
  readonly statistics: TableStatistics;
  readonly pending: number;
  /** The number of stripes with which pages can be swept; 1: none. Null: pages cannot be swept. */
  readonly stripes: number | null;
  /** A way without writing rows; null if there is none. */
  readonly withoutRewrite: 'default' | 'virtual-column' | null;
}

/** How a sweep in the order of the key comes to the pages. */
export function keyVisit({ indexes }: TableStatistics): Visit {
  const correlation = indexes.find(({ isPrimary }) => isPrimary)?.correlation ?? 1;
  return { passes: correlation > IN_ORDER ? 1 : 'each-row', commits: true };
}

/** The way that the backfill takes as it is declared. */
export function declaredVisit({ order, stripes }: MeasuredCosts, statistics: TableStatistics): Visit {
  return order === 'page' ? { passes: stripes, commits: true } : keyVisit(statistics);
}

/** All ways, the cheapest first. The last one is one UPDATE. */
export function compareWays(model: CostModel, facts: WayFacts): WayCost[] {
  const { costs, statistics, pending, stripes, withoutRewrite } = facts;
  const declared = costs.order === 'key' ? 'key-order' : costs.stripes > 1 ? 'stripes' : 'page-order';
  const way = (name: WayName, work: Omit<WorkCost, 'heapOnlyShare' | 'deadRows'>): WayCost => ({
    way: name,
    ms: Math.round(work.ms),
    walBytes: Math.round(work.walBytes),
    growthBytes: Math.round(work.tableGrowthBytes + work.indexGrowthBytes),
    isDeclared: name === declared,
  });
  const swept = [
    ...(stripes === null || stripes === 1
      ? []
      : [way('stripes', model.work({ passes: stripes, commits: true }))]),
    ...(stripes === null ? [] : [way('page-order', model.work({ passes: 1, commits: true }))]),
    way('key-order', inKeyOrder(model, facts)),
    ...(stripes === null || stripes === 1 ? [] : [way('repack-first', repackFirst(model, facts, stripes))]),
  ].sort((a, b) => a.ms - b.ms);
  const nothing = { ms: 0, walBytes: 0, tableGrowthBytes: 0, indexGrowthBytes: 0 };
  const isWhole = statistics.rows === null || pending >= MOST * statistics.rows;
  return [
    ...(withoutRewrite !== null && isWhole ? [way(withoutRewrite, nothing)] : []),
    ...swept,
    way('one-update', model.work({ passes: 1, commits: false })),
  ];
}

/** Without writing rows, every row gets the same expression. That is an alternative only if most are pending. */
const MOST = 0.9;

/**
 * With random keys, each page is written once for each of its rows. Each checkpoint makes the next change of a
 * page write it to the WAL as a whole.
 */
function inKeyOrder(model: CostModel, { statistics, pending }: WayFacts): WorkCost {
  const visit = keyVisit(statistics);
  const work = model.work(visit);
  if (visit.passes !== 'each-row') return work;
  const pages = statistics.heapBytes / statistics.blockSize;
  const image = model.imageCost;
  const checkpoints = Math.floor(work.walBytes / statistics.checkpointBytes);
  // Each checkpoint makes further images, which make further checkpoints.
  const perCheckpoint = pages * (1 - Math.exp(-pending / Math.max(1, checkpoints + 1) / pages)) * image.bytes;
  const isEndless = perCheckpoint >= statistics.checkpointBytes;
  const images = isEndless ? pending : (checkpoints * perCheckpoint) / Math.max(1, image.bytes);
  return { ...work, ms: work.ms + images * image.ms, walBytes: work.walBytes + images * image.bytes };
}

/** A lower fillfactor, then a table that is written anew with room for the first stripe on each page. */
function repackFirst(
  model: CostModel,
  { statistics }: WayFacts,
  stripes: number,
): Omit<WorkCost, 'heapOnlyShare' | 'deadRows'> {
  const { heapBytes, indexes } = statistics;
  const fill = Math.floor(100 * (1 - 1.25 / stripes));
  const work = model.work({ passes: stripes, commits: true, repackedTo: fill });
  const indexBytes = indexes.reduce((sum, { bytes }) => sum + bytes, 0);
  const room = heapBytes * (statistics.fillfactor / fill - 1);
  const written = heapBytes + room + indexBytes;
  return {
    ms: work.ms + (1000 * written) / REPACK_BYTES_PER_SECOND,
    walBytes: work.walBytes + written,
    tableGrowthBytes: work.tableGrowthBytes + Math.max(0, room),
    indexGrowthBytes: work.indexGrowthBytes,
  };
}
