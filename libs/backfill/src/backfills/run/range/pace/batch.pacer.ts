import type { BatchOutcome } from '../../../batch/batch.js';
import { BatchLimit } from './batch-limit.js';
import { BatchPause } from './batch-pause.js';
import type { FailureCounter } from '../failure.counter.js';
import type { RangeState } from '../range.state.js';
import type { WorkerTools } from '../worker.tools.js';

/** A batch with less than this share of its limit is not representative: its fixed costs would dominate. */
const MIN_FILLED = 0.5;

export interface CommittedBatch {
  /**
   * The maximum number of rows of the batch. Without it, the batch's time says nothing about the size of
   * batches, e.g. because the batch changed a single row.
   */
  readonly limit?: number;
  /** Whether another batch is in flight on the connection. @default false */
  readonly isPipelined?: boolean;
}

/** The part of the range's context that the pacer uses. */
interface PacerContext {
  readonly tools: WorkerTools;
  readonly state: RangeState;
  readonly failures: FailureCounter;
}

/** Measures the batches of one range, adapts their size, and pauses between them. */
export class BatchPacer {
  readonly limit: BatchLimit;
  readonly #context: PacerContext;
  readonly #pause: BatchPause;
  /** The time at which the server started the current batch. */
  #startedAt = 0;

  constructor(context: PacerContext) {
    const { pace } = context.tools.selection.definition;
    this.#context = context;
    this.limit = new BatchLimit(pace);
    this.#pause = new BatchPause(pace);
  }

  /** The pause before the next batch in milliseconds. */
  get pauseMs(): number {
    return this.#pause.ms;
  }

  /** The number of batches that the sweep may have sent without an answer, this one included. */
  get maxInFlight(): number {
    return this.pauseMs > 0 ? 1 : Infinity;
  }

  /** Applies the settings that a person may have changed meanwhile. */
  followSettings(): void {
    const { control } = this.#context.tools.gate;
    this.limit.follow(control.override('batchSize'));
    this.#pause.follow(control.current().pause);
  }

  batchStarted(): void {
    this.#startedAt = performance.now();
  }

  /** Records the batch and its duration, then pauses. */
  async batchCommitted(outcome: BatchOutcome, batch: CommittedBatch = {}): Promise<void> {
    const { tools, state, failures } = this.#context;
    const now = performance.now();
    const ms = now - this.#startedAt;
    // A pipelined batch starts when the one before it ends.
    this.#startedAt = now;
    failures.reset();
    const isRepresentative = outcome.selected >= MIN_FILLED * (batch.limit ?? Infinity);
    this.#pause.after(ms, this.limit.succeeded(isRepresentative ? ms : null));
    tools.log.batch(outcome, state.range.cursor);
    if (this.pauseMs === 0) return;
    await tools.gate.sleepBetweenBatches(batch.isPipelined ? null : tools.connection.session, () => {
      this.followSettings();
      return tools.outcomeIfLeaving() === null ? this.pauseMs : 0;
    });
  }
}
