import type { Key } from '../../../../ledger/range.js';
import type { BatchOutcome, BatchRunner, SweepStep } from '../../../batch/batch.js';
import type { BatchStage, StageLimits } from '../pace/batch.pacer.js';
import type { WorkerTools } from '../worker.tools.js';
import type { SweepWindow, WindowBatch } from './sweep-window.js';

export interface UnsentBatch extends WindowBatch {
  /** `SweepStep.mostRows` */
  readonly mostRows: number;
  readonly limits: StageLimits;
}

/** A batch in flight. */
export interface SentBatch extends UnsentBatch {
  readonly stage: BatchStage;
  readonly outcome: Promise<BatchOutcome>;
}

/** The stage of a batch at the cursor. A runner that `followsRows` only distinguishes the first stripe. */
export function stageOf(
  { followsRows }: Pick<BatchRunner, 'followsRows'>,
  window: SweepWindow,
  { cursor, region }: Pick<WindowBatch, 'cursor' | 'region'>,
): BatchStage {
  const stage = window.stageAt(cursor, region);
  return followsRows && stage === 'spilling' ? 'regular' : stage;
}

/** The batch as its runner has sent it, which knew its cursor when the previous one had read its rows. */
export function begunAt(cursor: Key | null, batch: SentBatch, window: SweepWindow): SentBatch {
  const stage = stageOf({ followsRows: true }, window, { cursor, region: batch.region });
  return { ...batch, cursor, stage, limit: batch.limits[stage] };
}

export function stepOf(
  { cursor, windowUpper, region, pages, limit, mostRows, limits, lockMode }: UnsentBatch,
  { log, quarantine, stop }: WorkerTools,
  { isDense }: Pick<SweepStep, 'isDense'>,
): SweepStep {
  return {
    cursor,
    windowUpper,
    region,
    pages,
    limit,
    mostRows,
    limits: { firstStripe: limits.moving, others: limits.regular },
    lockMode,
    ...(isDense !== undefined && { isDense }),
    excludeQuarantined: quarantine.size > 0,
    number: log.nextBatch,
    signal: stop.signal,
  };
}
