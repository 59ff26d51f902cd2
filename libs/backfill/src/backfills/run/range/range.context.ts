import type { BatchPacer } from './pace/batch.pacer.js';
import type { FailureCounter } from './failure.counter.js';
import type { RangeState } from './range.state.js';
import type { WorkerTools } from './worker.tools.js';

/** The objects that the sweep, the settling pass and the recovery of one range share. */
export interface RangeContext {
  readonly tools: WorkerTools;
  readonly state: RangeState;
  readonly pacer: BatchPacer;
  readonly failures: FailureCounter;
}
