import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { Key, LeasedRange } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import type { BatchOutcome, BatchRunner } from '../../batch/batch.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { StillPendingError } from '../../run.error.js';
import { BatchLimit } from './batch-limit.js';
import { BatchPause } from './batch-pause.js';
import type { RunConnection } from '../connection/run-connection.js';
import { classifyFailure } from '../outcome/failure.js';
import type { BatchGate } from '../gate/batch.gate.js';
import type { Quarantine } from './quarantine.js';
import type { RangeOutcome } from './range.outcome.js';
import type { RunLog } from '../log/run-log.js';
import type { StopSignal } from '../stop/stop-signal.js';

const NO_TRIES = { lock: 0, conflict: 0, connection: 0 } as const satisfies Record<string, number>;

/** What a worker works with. */
export interface WorkerTools {
  readonly connection: RunConnection;
  readonly ledger: BackfillLedger;
  readonly selection: RowSelection;
  readonly runner: BatchRunner;
  readonly quarantine: Quarantine;
  readonly gate: BatchGate;
  readonly log: RunLog;
  readonly stop: StopSignal;
  /** A sweep before this one has left rows pending, e.g. since a trigger takes their change back: each window is looked through. */
  readonly isRepeated: boolean;
  /** How to leave the range at once, with work left in it; null to go on. */
  leave(): RangeOutcome | null;
}

/** The range in hand and the pace at which it is worked on: what the sweep, the settling pass and the recovery share. */
export class RangeWork {
  readonly tools: WorkerTools;
  readonly limit: BatchLimit;
  range: LeasedRange;
  /** A batch is under way: what goes wrong is the fault of one of its rows, not of the predicate by which they are found. */
  inBatch = false;
  /** Of one batch, since the last one that succeeded. */
  tries: Record<keyof typeof NO_TRIES, number> = { ...NO_TRIES };
  /** The first row of an unbroken row of them that was set aside, since its change waited for a lock: in `performance.now()`, and how many. */
  heldUp: { readonly since: number; readonly rows: number } | null = null;
  readonly #breather: BatchPause;
  /** When the batch in hand began, as far as the server is concerned. */
  #begunAt = 0;

  constructor(range: LeasedRange, tools: WorkerTools) {
    const { pace } = tools.selection.definition;
    this.range = range;
    this.tools = tools;
    this.limit = new BatchLimit(pace);
    this.#breather = new BatchPause(pace);
  }

  /** Milliseconds before the next batch. */
  get pause(): number {
    return this.#breather.pause;
  }

  /** What a person has set meanwhile. */
  follow(): void {
    const { control } = this.tools.gate;
    this.limit.follow(control.set('batchSize'));
    this.#breather.follow(control.current().pause);
  }

  /** The server begins a batch now. */
  begin(): void {
    this.#begunAt = performance.now();
  }

  succeeded(): void {
    this.tries = { ...NO_TRIES };
    this.heldUp = null;
  }

  /**
   * A batch is committed: counts it, and rests.
   *
   * @param isFull it held as many rows as it might: its time tells something
   * @param isLast no other one is under way on the connection
   */
  async done(outcome: BatchOutcome, isFull = false, isLast = true): Promise<void> {
    const { log, gate, connection } = this.tools;
    const now = performance.now();
    const ms = now - this.#begunAt;
    // The one behind it begins as it ends.
    this.#begunAt = now;
    this.succeeded();
    this.#breather.after(ms, this.limit.succeeded(isFull ? ms : null));
    log.batch(outcome, this.range.cursor);
    if (this.pause === 0) return;
    await gate.rest(isLast ? connection.session : null, () => {
      this.follow();
      return this.tools.leave() === null ? this.pause : 0;
    });
  }

  /** @returns whether the row is still pending, which it is only when somebody else holds it */
  async changeOrQuarantine(
    session: Session,
    key: Key,
    lockTimeoutMs: number | null,
    cursor: Key | null,
  ): Promise<boolean> {
    try {
      const outcome = await this.tools.runner.byKey(session, this.range, {
        keys: [key],
        lockTimeoutMs,
        cursor,
        number: this.tools.log.nextBatch,
        signal: this.tools.stop.signal,
      });
      // We held it, and it is as pending as before: e.g. a trigger keeps it as it was.
      if (outcome.stillPending > 0 && outcome.selected > 0)
        throw new StillPendingError(this.tools.selection.definition.name);
      await this.done(outcome);
      return outcome.stillPending > 0;
    } catch (error) {
      const failure = classifyFailure(error);
      if (failure !== 'poison' && failure !== 'too-slow') throw error;
      await this.tools.quarantine.add(session, this.range, key, error, cursor !== null);
      this.tools.log.quarantined(this.tools.selection.describe(key), error);
      return false;
    }
  }
}
