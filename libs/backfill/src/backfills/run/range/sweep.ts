import type { Key } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import type { BatchOutcome, SweepStep } from '../../batch/batch.js';
import type { LockMode } from '../../batch/batch.policy.js';
import { keyAtDistance } from '../../pending/key-window.js';
import { classifyFailure } from '../outcome/failure.js';
import { LockModeController } from './lock-mode.controller.js';
import type { RangeContext } from './range.context.js';
import { RowHeldUpError } from './recovery/row-held-up.error.js';
import { changeOrQuarantine } from './row.changer.js';
import { SweepWindow } from './sweep-window.js';
import { findFirstPending, moveWindow, sameKey } from './window.js';

/** A batch in flight. */
interface SentBatch {
  readonly limit: number;
  readonly lockMode: LockMode;
  readonly outcome: Promise<BatchOutcome>;
}

/**
 * Moves forward through the range, window by window. Locked rows are skipped and listed for the settling
 * pass.
 */
export class Sweep {
  readonly #context: RangeContext;
  readonly #window: SweepWindow;
  readonly #lockModes: LockModeController;
  /** The last batch was full. */
  #isDense = false;
  /** A batch of one row failed. The next step finds out which row that is. */
  #isIsolating = false;
  /** The batch that was sent while the one before it was still in flight. */
  #pipelined: SentBatch | null = null;

  constructor(context: RangeContext) {
    const { runner, selection } = context.tools;
    this.#context = context;
    this.#window = new SweepWindow(selection.definition.pace.batchSize);
    this.#lockModes = new LockModeController(runner);
  }

  /** A batch is in flight, so the connection cannot be used for anything else. */
  get isInFlight(): boolean {
    return this.#pipelined !== null;
  }

  /** A batch of one row failed because of that row: the next step changes the row by its key. */
  isolateRow(): void {
    this.#isIsolating = true;
  }

  /** The row was listed for the settling pass: the next step changes the row after it, by its key too. */
  skipRow(key: Key): void {
    this.#context.state.advanceTo(key);
    this.#isIsolating = true;
  }

  /** The range was read from the ledger again. */
  restart(): void {
    this.#window.reset();
  }

  /** Shortens the window, so that one statement reads fewer keys. @returns false if that is not possible */
  async shortenWindow(): Promise<boolean> {
    const { state, tools } = this.#context;
    const { range, isInBatch } = state;
    if (range.state !== 'sweeping' || !this.#window.shrink()) return false;
    const after = isInBatch ? range.cursor : range.windowLower;
    const { keys } = this.#window;
    const upper = await tools.connection.use((session) =>
      keyAtDistance(session, tools.selection, { after, upTo: range.windowUpper, keys }),
    );
    if (upper !== null) state.windowShortened(upper);
    return true;
  }

  async step(session: Session): Promise<void> {
    const { windowUpper, cursor } = this.#context.state.range;
    const isAtEnd = windowUpper === null || this.#window.isExhausted || sameKey(cursor, windowUpper);
    if (windowUpper === null || (isAtEnd && !this.isInFlight)) return this.#openNextWindow(session);
    if (this.#isIsolating) return this.#changeOneRow(session, windowUpper);
    return this.#runBatch(session, windowUpper, isAtEnd ? 'last' : 'pipeline-next');
  }

  async #runBatch(session: Session, windowUpper: Key, mode: 'last' | 'pipeline-next'): Promise<void> {
    const { state, pacer, failures } = this.#context;
    const { cursor } = state.range;
    state.batchStarted();
    if (!this.isInFlight) pacer.batchStarted();
    const batch = this.#pipelined ?? this.#send(session, windowUpper);
    this.#pipelined = mode === 'last' ? null : this.#sendPipelined(session, windowUpper, batch);
    const outcome = await this.#outcomeOf(batch);
    if (outcome === null) return;
    state.advanceTo(outcome.lastKey ?? cursor);
    this.#window.batchFinished(outcome, batch);
    this.#isDense = !this.#window.isExhausted;
    if (outcome.selected === 0) return failures.reset();
    await pacer.batchCommitted(outcome, {
      isFull: outcome.selected === batch.limit,
      isPipelined: this.isInFlight,
    });
  }

  #send(session: Session, windowUpper: Key): SentBatch {
    const { tools, state, pacer } = this.#context;
    const limit = pacer.limit.rows;
    const lockMode = this.#lockModes.next(limit);
    const step = this.#step(windowUpper, limit, lockMode);
    return { limit, lockMode, outcome: tools.runner.sweep(session, state.range, step) };
  }

  /** Without a pause between batches, the server does not have to wait for this process either. */
  #sendPipelined(session: Session, windowUpper: Key, previous: SentBatch): SentBatch | null {
    const { tools, state, pacer } = this.#context;
    const { limit, lockMode } = previous;
    if (pacer.pauseMs > 0 || limit !== pacer.limit.rows || lockMode !== 'optimistic') return null;
    if (!this.#window.hasRoomBeyond(limit)) return null;
    if (tools.stop.reason !== null || tools.leave() !== null || tools.gate.isDue) return null;
    const step = this.#step(windowUpper, limit, lockMode);
    const outcome = tools.runner.pipelineSweep?.(session, state.range, step);
    // The next step, or the failure of the previous batch, awaits it. Until then its error is not unhandled.
    outcome?.catch(() => undefined);
    return outcome ? { limit, lockMode, outcome } : null;
  }

  #step(windowUpper: Key, limit: number, lockMode: LockMode): SweepStep {
    const { tools, state } = this.#context;
    const { log, quarantine, stop } = tools;
    return {
      cursor: state.range.cursor,
      windowUpper,
      limit,
      lockMode,
      isDense: this.#isDense,
      excludeQuarantined: quarantine.size > 0,
      number: log.nextBatch,
      signal: stop.signal,
    };
  }

  /**
   * @returns null if an optimistic batch met a locked row, and changed nothing: the next step locks the rows
   * first
   */
  async #outcomeOf({ lockMode, outcome }: SentBatch): Promise<BatchOutcome | null> {
    try {
      const result = await outcome;
      if (lockMode === 'optimistic') this.#lockModes.optimisticSucceeded();
      return result;
    } catch (error) {
      await this.#finishPipelined();
      const failure = classifyFailure(error);
      if (lockMode === 'locking' || (failure !== 'lock' && failure !== 'too-slow')) throw error;
      this.#lockModes.optimisticFailed();
      return null;
    }
  }

  /**
   * Awaits the batch behind a failed one. It has failed too, unless the failed one reached its COMMIT. In
   * that case the transaction was over, and the second batch has changed the same rows.
   */
  async #finishPipelined(): Promise<void> {
    const { state, pacer } = this.#context;
    const outcome = await this.#pipelined?.outcome.catch(() => null);
    this.#pipelined = null;
    if (!outcome) return;
    this.#window.rowsSkipped();
    state.advanceTo(outcome.lastKey ?? state.range.cursor);
    if (outcome.selected === 0) return;
    this.#window.pendingFound();
    await pacer.batchCommitted(outcome);
  }

  async #openNextWindow(session: Session): Promise<void> {
    const { tools, state, pacer } = this.#context;
    const { range } = state;
    if (range.windowUpper !== null) this.#window.grow(pacer.limit.rows);
    const { keys, mayHaveSkipped } = this.#window;
    state.windowOpened(await moveWindow(session, tools.selection, range, { keys, mayHaveSkipped }));
    this.#window.opened({ mayHaveSkipped: tools.isRepeated });
  }

  /** Changes one row by its key, so that an error is certain to be the fault of that row. */
  async #changeOneRow(session: Session, windowUpper: Key): Promise<void> {
    const { tools, state } = this.#context;
    const key = await findFirstPending(session, tools.selection, state.range.cursor, windowUpper);
    this.#isIsolating = false;
    this.#window.rowsSkipped();
    if (key === null) return this.#window.exhausted();
    this.#window.pendingFound();
    try {
      await changeOrQuarantine(this.#context, session, key, { lockTimeoutMs: null, cursor: key });
    } catch (error) {
      throw classifyFailure(error) === 'lock' ? new RowHeldUpError(key, error) : error;
    }
    state.advanceTo(key);
  }
}
