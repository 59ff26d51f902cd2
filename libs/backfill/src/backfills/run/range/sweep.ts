import type { Key } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import { messageOf } from '../../../postgres/error-classes.js';
import type { BatchOutcome, SweepStep } from '../../batch/batch.js';
import type { LockMode } from '../../batch/batch.policy.js';
import { keyAtDistance } from '../../pending/key-window.js';
import { classifyFailure } from '../outcome/failure.js';
import type { RangeWork } from './range.work.js';
import { firstDue, moveWindow, sameKey } from './window.js';

/** Keys of a sweep's window, in batches. */
const WINDOW_BATCHES = 50;
const WINDOW_LEAST = 1_000;
const WINDOW_MOST = 200_000;
/** How much a window shrinks that cannot be looked through within the statement timeout. */
const NARROWING = 4;

/** Batches that lock their rows first, after one that did not has met a row that somebody held, or was slow. */
const CAREFUL_BATCHES = 20;
const CAREFUL_MOST = 640;

/** A batch that is under way. */
interface Sent {
  readonly limit: number;
  readonly lockMode: LockMode;
  readonly outcome: Promise<BatchOutcome>;
}

/** The change of one row, with no other in hand, waits for a lock. */
export class RowHeldUpError extends Error {
  constructor(
    readonly key: Key,
    cause: unknown,
  ) {
    super(messageOf(cause), { cause });
    this.name = 'RowHeldUpError';
  }
}

/** Goes forward through the range window by window, and leaves a list of what it had to skip to the settling pass. */
export class Sweep {
  readonly #work: RangeWork;
  /** The size of the next window, in keys: larger where nothing is pending. */
  #windowSize: number;
  #windowMost = WINDOW_MOST;
  #windowIsEmpty = true;
  #windowExhausted = false;
  /** Rows taken in the window, and keys that it has at most; unknown where somebody else opened it. */
  #windowTaken = 0;
  #windowKeys = Infinity;
  /** Pending rows may be left behind in the window: skipped, or kept as they were by a trigger. */
  #windowHasGaps = true;
  /** The last batch was full. */
  #isDense = false;
  /** A batch of one row failed by its own fault: find out which row it is. */
  #isolating = false;
  /** The batch that was sent behind the one before. */
  #ahead: Sent | null = null;
  /** Batches that are still to lock their rows first, and how many the next time. */
  #careful = 0;
  #carefulNext = CAREFUL_BATCHES;

  constructor(work: RangeWork) {
    this.#work = work;
    const { batchSize } = work.tools.selection.definition.pace;
    this.#windowSize = Math.min(WINDOW_MOST, Math.max(WINDOW_LEAST, batchSize * WINDOW_BATCHES));
  }

  /** A batch is under way, so that the connection is not free for anything else. */
  get isUnderWay(): boolean {
    return this.#ahead !== null;
  }

  /** The batch of one row fails by that row's own fault: the next step takes it by its key. */
  isolate(): void {
    this.#isolating = true;
  }

  /** That row is left to the settling pass: the next step takes the one behind it by its key too. */
  passOver(key: Key): void {
    this.#work.range = { ...this.#work.range, cursor: key };
    this.#isolating = true;
  }

  /** The range is as the ledger has it, not as it was seen here. */
  beginAnew(): void {
    this.#windowExhausted = false;
    this.#windowHasGaps = true;
    this.#windowKeys = Infinity;
  }

  /** Looks less far ahead from now on. @returns false where that is not possible */
  async narrow(): Promise<boolean> {
    const { connection, selection } = this.#work.tools;
    const { range, inBatch } = this.#work;
    if (range.state !== 'sweeping' || this.#windowSize <= 1) return false;
    this.#windowMost = this.#windowSize = Math.max(1, Math.floor(this.#windowSize / NARROWING));
    const from = inBatch ? range.cursor : range.windowLower;
    const closer = await connection.use((session) =>
      keyAtDistance(session, selection, { after: from, upTo: range.windowUpper, keys: this.#windowSize }),
    );
    // Only here, not in the ledger: the batch or the next window writes down what became of it.
    if (closer !== null) this.#work.range = { ...this.#work.range, windowUpper: closer };
    this.#windowExhausted = false;
    return true;
  }

  async step(session: Session): Promise<void> {
    const { windowUpper, cursor } = this.#work.range;
    const isOver = windowUpper === null || this.#windowExhausted || sameKey(cursor, windowUpper);
    if (windowUpper === null || (isOver && this.#ahead === null)) return this.#nextWindow(session);
    if (this.#isolating) return this.#tryOneRow(session, windowUpper);
    this.#work.inBatch = true;
    if (this.#ahead === null) this.#work.begin();
    const sent = this.#ahead ?? this.#send(session, windowUpper);
    this.#ahead = isOver ? null : this.#sendAhead(session, windowUpper, sent);
    const outcome = await this.#landing(sent);
    if (outcome === null) return;
    this.#work.range = { ...this.#work.range, cursor: outcome.lastKey ?? cursor };
    this.#windowExhausted = outcome.selected < sent.limit;
    this.#isDense = !this.#windowExhausted;
    this.#windowTaken += outcome.selected;
    this.#windowHasGaps ||= sent.lockMode === 'locking' || outcome.changed < outcome.selected;
    if (outcome.selected > 0) {
      this.#windowIsEmpty = false;
      await this.#work.done(outcome, outcome.selected === sent.limit, this.#ahead === null);
    } else this.#work.succeeded();
  }

  #send(session: Session, windowUpper: Key): Sent {
    const { runner } = this.#work.tools;
    const limit = this.#work.limit.rows;
    const lockMode = runner.canBeOptimistic && this.#careful === 0 && limit > 1 ? 'optimistic' : 'locking';
    if (this.#careful > 0) this.#careful--;
    const step = this.#step(windowUpper, limit, lockMode);
    return { limit, lockMode, outcome: runner.sweep(session, this.#work.range, step) };
  }

  /** Where there is no pause between batches, the server need not wait for us either. */
  #sendAhead(session: Session, windowUpper: Key, before: Sent): Sent | null {
    const { runner, stop, gate } = this.#work.tools;
    const { limit, lockMode } = before;
    const mayBeMore = this.#windowTaken + limit < this.#windowKeys;
    const isSteady = limit === this.#work.limit.rows && lockMode === 'optimistic';
    if (this.#work.pause > 0 || !isSteady || !mayBeMore) return null;
    if (stop.reason !== null || this.#work.tools.leave() !== null || gate.isDue) return null;
    const outcome = runner.pipelineSweep?.(
      session,
      this.#work.range,
      this.#step(windowUpper, limit, lockMode),
    );
    // It is awaited in its turn, or when the one before has failed.
    outcome?.catch(() => undefined);
    return outcome ? { limit, lockMode, outcome } : null;
  }

  #step(windowUpper: Key, limit: number, lockMode: LockMode): SweepStep {
    const { log, quarantine, stop } = this.#work.tools;
    return {
      cursor: this.#work.range.cursor,
      windowUpper,
      limit,
      lockMode,
      isDense: this.#isDense,
      excludeQuarantined: quarantine.size > 0,
      number: log.nextBatch,
      signal: stop.signal,
    };
  }

  /** @returns null when a row was held, so that nothing has happened: the same rows again, without those */
  async #landing(sent: Sent): Promise<BatchOutcome | null> {
    try {
      const outcome = await sent.outcome;
      if (sent.lockMode === 'optimistic')
        this.#carefulNext = Math.max(CAREFUL_BATCHES, this.#carefulNext - 1);
      return outcome;
    } catch (error) {
      await this.#landBehind();
      const failure = classifyFailure(error);
      if (sent.lockMode === 'locking' || (failure !== 'lock' && failure !== 'too-slow')) throw error;
      // Where it happens again and again, as where batches are slow by nature, it is tried less and less often.
      this.#careful = this.#carefulNext;
      this.#carefulNext = Math.min(CAREFUL_MOST, this.#carefulNext * 2);
      return null;
    }
  }

  /**
   * The one that was sent behind one which failed. It has failed too, unless the other got as far as its COMMIT: then its transaction
   * was over, and this one has done the same rows.
   */
  async #landBehind(): Promise<void> {
    const outcome = await this.#ahead?.outcome.catch(() => null);
    this.#ahead = null;
    if (!outcome) return;
    this.#windowHasGaps = true;
    this.#work.range = { ...this.#work.range, cursor: outcome.lastKey ?? this.#work.range.cursor };
    if (outcome.selected === 0) return;
    this.#windowIsEmpty = false;
    await this.#work.done(outcome);
  }

  async #nextWindow(session: Session): Promise<void> {
    // Where a whole window held nothing to do, the next one is twice as large: a sparse table is crossed quickly.
    if (this.#work.range.windowUpper !== null) {
      const wanted = this.#windowIsEmpty ? this.#windowSize * 2 : this.#work.limit.rows * WINDOW_BATCHES;
      this.#windowSize = Math.min(this.#windowMost, Math.max(this.#windowSize, wanted));
    }
    this.#work.range = await moveWindow(
      session,
      this.#work.tools.selection,
      this.#work.range,
      this.#windowSize,
      this.#windowHasGaps,
    );
    this.#windowExhausted = false;
    this.#windowIsEmpty = true;
    this.#windowHasGaps = this.#work.tools.isRepeated;
    this.#windowTaken = 0;
    this.#windowKeys = this.#windowSize;
  }

  /** The batch of one row that failed: by its key, so that the error is certain to be that row's. */
  async #tryOneRow(session: Session, windowUpper: Key): Promise<void> {
    const key = await firstDue(session, this.#work.tools.selection, this.#work.range.cursor, windowUpper);
    this.#isolating = false;
    this.#windowHasGaps = true;
    if (key === null) {
      this.#windowExhausted = true;
      return;
    }
    this.#windowIsEmpty = false;
    try {
      await this.#work.changeOrQuarantine(session, key, null, key);
    } catch (error) {
      throw classifyFailure(error) === 'lock' ? new RowHeldUpError(key, error) : error;
    }
    this.#work.range = { ...this.#work.range, cursor: key };
  }
}
