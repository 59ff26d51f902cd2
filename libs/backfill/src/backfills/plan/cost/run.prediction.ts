import type { RunPrediction } from '../../../report/run-prediction.js';
import { PAUSE_SHARE, type Pace } from '../../declare/pace.js';
import type { MeasuredCosts } from '../rehearsal/cost.rehearsal.js';
import type { ReplicaProgress } from '../replica.progress.js';
import type { TableStatistics } from '../table.statistics.js';
import type { WorkCost } from './cost.model.js';

/** Server time of a batch besides its rows, in milliseconds: its transaction, its plan and the ledger. */
const BATCH_MS = 1.2;
/** Time of this process for a batch in milliseconds. */
const PROCESS_MS = 1;
/** Milliseconds before the first batch and after the last one. */
const START_MS = 200;
/** The automatic pause begins with 50 ms and falls: its sum beyond the share of the server's time. */
const FIRST_PAUSES_MS = 200;
/** A batch grows by half after this number of batches. */
const GROWTH_STEP = 5;
const GROWTH = 1.5;

export interface RunFacts {
  readonly costs: MeasuredCosts;
  readonly statistics: TableStatistics;
  readonly pending: number;
  /** Milliseconds of a scan of the table for pending rows. */
  readonly scanMs: number;
  readonly pace: Pace;
  readonly replicas: readonly ReplicaProgress[];
}

/** What a run costs as the backfill is declared. @param work of the way that it takes */
export function predictRun(work: WorkCost, facts: RunFacts): RunPrediction {
  const { statistics, pending, scanMs, pace, replicas } = facts;
  const { tableGrowthBytes, indexGrowthBytes, heapOnlyShare, walBytes } = work;
  const grown = 1 + tableGrowthBytes / Math.max(1, statistics.heapBytes);
  const ms = Math.round(batchesMs(work, facts) / pace.workers + START_MS + scanMs + scanMs * grown);
  return {
    ms,
    walBytes: Math.round(walBytes),
    tableGrowthBytes: Math.round(tableGrowthBytes),
    indexGrowthBytes: Math.round(indexGrowthBytes),
    heapOnlyShare,
    deadRows: Math.round(Math.min(pending, work.deadRows)),
    autovacuumFrom: statistics.autovacuumFrom,
    replicas: replicas.map((replica) => ({
      ...replica,
      writtenPerSecond: Math.round((1000 * walBytes) / ms),
    })),
  };
}

function batchesMs(work: WorkCost, { costs, pending, pace }: RunFacts): number {
  const { targetDuration, maxBatchSize, batchSize, pause } = pace;
  const rowMs = work.ms / Math.max(1, pending);
  const size = Math.max(
    1,
    Math.min(maxBatchSize, Math.max(batchSize, targetDuration / Math.max(rowMs, 1e-6))),
  );
  const batches =
    countBatches(pending, batchSize, size) + (costs.stripes > 1 ? pending / size / costs.stripes : 0);
  const serverMs = work.ms + batches * BATCH_MS;
  const idleMs = batches * (costs.roundTripMs + PROCESS_MS);
  if (pause === 'auto') return withRests(serverMs, idleMs) + Math.min(FIRST_PAUSES_MS, batches * 50);
  return serverMs + idleMs + batches * pause;
}

/**
 * The time of batches with automatic pauses. The time in which the server waits for the next batch counts as rest. If
 * it alone is longer than the rests, several batches are sent before the answer to the first has arrived.
 */
function withRests(serverMs: number, idleMs: number): number {
  const withRest = serverMs * (1 + PAUSE_SHARE);
  const inFlight = Math.max(1, Math.floor((serverMs + idleMs) / withRest));
  return Math.max(withRest, (serverMs + idleMs) / inFlight);
}

/** The number of batches while their size grows. */
function countBatches(rows: number, first: number, last: number): number {
  let [size, left, batches] = [first, rows, 0];
  while (left > 0 && size < last) {
    batches += GROWTH_STEP;
    left -= GROWTH_STEP * size;
    size *= GROWTH;
  }
  return batches + Math.max(0, left) / last;
}
