import type { BatchOutcome } from '../../../batch/batch.js';
import type { FailureCounter } from '../failure.counter.js';
import type { RangeState } from '../range.state.js';
import type { WorkerTools } from '../worker.tools.js';
import { BatchLimit } from './batch-limit.js';
import { BatchPause } from './batch-pause.js';
import { BatchStopwatch } from './batch.stopwatch.js';

/**
 * The kinds of batches whose sizes are chosen separately. `moving`: the first of several stripes. Its rows move
 * to other pages and need index entries, so that a row takes several times as long as in the other stripes.
 * `spilling`: another stripe, of which some rows are expected to move.
 */
export type BatchStage = 'regular' | 'moving' | 'spilling';

/** Maximum numbers of rows. */
export type StageLimits = Readonly<Record<BatchStage, number>>;

export interface CommittedBatch {
  /** @default 'regular' */
  readonly stage?: BatchStage;
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

/**
 * Measures the batches of one range, adapts their size, and pauses between them. Size and pause depend on the
 * server's own time only, so that neither a slow network nor a busy process changes them.
 */
export class BatchPacer {
  readonly #limits: Readonly<Record<BatchStage, BatchLimit>>;
  #stage: BatchStage = 'regular';
  readonly #context: PacerContext;
  readonly #pause: BatchPause;
  readonly #stopwatch = new BatchStopwatch();

  constructor(context: PacerContext) {
    const { pace } = context.tools.selection.definition;
    this.#context = context;
    this.#limits = {
      regular: new BatchLimit(pace),
      moving: new BatchLimit(pace),
      spilling: new BatchLimit(pace),
    };
    this.#pause = new BatchPause(pace);
  }

  /** The limit of the batches of the current stage. */
  get limit(): BatchLimit {
    return this.#limits[this.#stage];
  }

  get limits(): StageLimits {
    const { regular, moving, spilling } = this.#limits;
    return { regular: regular.rows, moving: moving.rows, spilling: spilling.rows };
  }

  limitOf(stage: BatchStage): BatchLimit {
    return this.#limits[stage];
  }

  enterStage(stage: BatchStage): void {
    this.#stage = stage;
  }

  /** The pause before the next batch in milliseconds. */
  get pauseMs(): number {
    return this.#pause.ms;
  }

  /** The number of batches that may be in flight at the same time, so that the server still rests between them. */
  get maxInFlight(): number {
    return this.#pause.maxInFlight;
  }

  /** Applies the settings that a person may have changed meanwhile. */
  followSettings(): void {
    const { control } = this.#context.tools.gate;
    for (const limit of Object.values(this.#limits)) limit.follow(control.override('batchSize'));
    this.#pause.follow(control.current().pause);
  }

  /** Called when a batch is sent while no other one is in flight. */
  batchStarted(): void {
    this.#stopwatch.start();
  }

  /** Records the batch and its times, then pauses. */
  async batchCommitted(
    outcome: BatchOutcome,
    { limit, isPipelined, stage = 'regular' }: CommittedBatch = {},
  ): Promise<void> {
    const { tools, state, failures } = this.#context;
    const { selected: rows, time } = outcome;
    failures.reset();
    const wasPipelined = !this.#stopwatch.isSentAlone;
    tools.gate.meter.batch(rows, this.#stopwatch.lap(time));
    this.#pause.after({ serverMs: time.serverMs, idleMs: this.#stopwatch.idleMs, wasPipelined });
    this.#limits[stage].succeeded(limit === undefined ? null : { rows, limit, lockedMs: time.lockedMs });
    state.batchCommitted(outcome.changed);
    tools.log.batch(outcome, state.range);
    // The server does not rest while it executes another batch.
    if (this.pauseMs === 0 || isPipelined) return;
    const startedAt = performance.now();
    await tools.gate.sleepBetweenBatches(tools.connection.session, () => {
      this.followSettings();
      return tools.outcomeIfLeaving() === null ? this.pauseMs : 0;
    });
    this.#pause.rested(performance.now() - startedAt);
  }
}
