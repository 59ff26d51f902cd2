import type { Key } from '../../../../ledger/range.js';
import type { Session } from '../../../../postgres/session.js';
import type { BatchOutcome, SweepStep } from '../../../batch/batch.js';
import type { LockMode } from '../../../batch/batch.policy.js';
import { keyAtDistance } from '../../../pending/key-window.js';
import { classifyFailure } from '../../outcome/failure.js';
import { LockModeController } from './lock-mode.controller.js';
import type { RangeContext } from '../range.context.js';
import { ChangeBlockedError } from '../recovery/change-blocked.error.js';
import { changeOrQuarantine } from '../row.changer.js';
import { SweepWindow } from './sweep-window.js';
import { findFirstPending, moveWindow, sameKey } from './window.js';

/** A batch in flight. */
interface SentBatch {
  readonly limit: number;
  readonly lockMode: LockMode;
  readonly outcome: Promise<BatchOutcome>;
}

/**
 * Changes the pending rows of the range, window by window, in the order of the key. It skips locked rows and
 * lists them for the settling pass.
 */
export class Sweep {
  readonly #context: RangeContext;
  readonly #window: SweepWindow;
  readonly #lockModes: LockModeController;
  /** The last batch had as many rows as its limit. */
  #isDense = false;
  /** A batch of one row failed. The next step finds the key of that row and changes the row by its key. */
  #isIsolating = false;
  /** The batch that was sent before the previous batch had returned. */
  #pipelined: SentBatch | null = null;

  constructor(context: RangeContext) {
    const { runner, selection } = context.tools;
    this.#context = context;
    this.#window = new SweepWindow(selection.definition.pace.batchSize);
    this.#lockModes = new LockModeController(runner);
  }

  /** Whether a batch is in flight. Then the connection cannot be used for anything else. */
  get isInFlight(): boolean {
    return this.#pipelined !== null;
  }

  /** Called after a batch of one row failed. The next step changes that row by its key. */
  isolateRow(): void {
    this.#isIsolating = true;
  }

  /** Called after the row was listed for the settling pass. The next step changes the next row by its key. */
  skipRow(key: Key): void {
    this.#context.state.advanceTo(key);
    this.#isIsolating = true;
  }

  /** Called after the range was read from the ledger again. */
  restart(): void {
    this.#window.reset();
  }

  /** Shortens the window, so that one statement reads fewer keys. @returns false if it cannot be shortened */
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
    await pacer.batchCommitted(outcome, { limit: batch.limit, isPipelined: this.isInFlight });
  }

  #send(session: Session, windowUpper: Key): SentBatch {
    const { tools, state, pacer } = this.#context;
    const limit = pacer.limit.rows;
    const lockMode = this.#lockModes.next(limit);
    const step = this.#step(windowUpper, limit, lockMode);
    return { limit, lockMode, outcome: tools.runner.sweep(session, state.range, step) };
  }

  /**
   * Sends the next batch before the previous one returns, so that the server does not wait for this process.
   */
  #sendPipelined(session: Session, windowUpper: Key, previous: SentBatch): SentBatch | null {
    const { tools, state, pacer } = this.#context;
    const { limit, lockMode } = previous;
    if (pacer.maxInFlight < 2 || limit !== pacer.limit.rows || lockMode !== 'optimistic') return null;
    if (!this.#window.hasRoomBeyond(limit)) return null;
    if (tools.stop.reason !== null || tools.outcomeIfLeaving() !== null || tools.gate.isDue) return null;
    const step = this.#step(windowUpper, limit, lockMode);
    const outcome = tools.runner.pipelineSweep?.(session, state.range, step);
    // The outcome is awaited later. Without this handler, Node.js would report its error as unhandled until
    // then.
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
   * @returns null if an optimistic batch met a locked row or took too long. It changed nothing, and the next
   * step locks the rows first.
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
   * Awaits the pipelined batch after the batch before it has failed. The pipelined batch has failed too,
   * unless the failed batch reached its COMMIT. In that case the failed transaction had ended, and the
   * pipelined batch has changed the same rows.
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
    this.#window.opened({ mayHaveSkipped: tools.searchesEveryWindow });
  }

  /** Changes one row by its key, so that this row must be the cause of an error. */
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
      throw classifyFailure(error) === 'lock' ? new ChangeBlockedError(key, error) : error;
    }
    state.advanceTo(key);
  }
}
