import type { SelectedFile } from '../../../../ledger/pages/table-file.js';
import type { Key } from '../../../../ledger/range.js';
import { OVER_LIMIT, sqlState } from '../../../../postgres/error-classes.js';
import type { Session } from '../../../../postgres/session.js';
import { createBatchRunner } from '../../../batch/batch-runner.factory.js';
import type { BatchOutcome, BatchRunner, SweepStep } from '../../../batch/batch.js';
import { MAX_OPTIMISTIC_BATCH_MS } from '../../../batch/batch.policy.js';
import { inspectFile } from '../../../batch/order/file.inspector.js';
import { FileSelection, type RowSelection } from '../../../batch/row-selection.js';
import { classifyFailure } from '../../outcome/failure.js';
import { closedWindow, HintReader } from './hint-reader.js';
import { KeyWindow } from './key-window.js';
import { LockModeController } from './lock-mode.controller.js';
import { PageWindow } from './page-window.js';
import { RegionSizer } from './region.sizer.js';
import type { RangeContext } from '../range.context.js';
import { ChangeBlockedError } from '../recovery/change-blocked.error.js';
import { changeOrQuarantine } from '../row.changer.js';
import { Trial } from './trial.js';
import { begunAt, stageOf, stepOf, type SentBatch, type UnsentBatch } from './sent-batch.js';
import type { SweepWindow } from './sweep-window.js';
import { describeBound, findNextRow, findWindowEnd, moveWindow, sameKey } from './window.js';

/** Number of batches that select their rows after the number of rows in their pages was estimated too low. */
const SELECTED_BATCHES = 2;
const ONE_ROW = {
  pages: null,
  limit: 1,
  mostRows: 1,
  limits: { regular: 1, moving: 1, spilling: 1 },
} as const;

/**
 * Changes the pending rows of the range, window by window, in the order of the key or of the pages. It skips
 * locked rows and lists them for the settling pass.
 */
export class Sweep {
  readonly #context: RangeContext;
  /** The rows of the range: of the whole table, or of the file whose pages the range consists of. */
  readonly #selection: RowSelection;
  readonly #runner: BatchRunner;
  readonly #lockModes: LockModeController;
  /** Batches that do not select their rows first (`SweepStep.pages`). */
  readonly #unselected = new Trial(SELECTED_BATCHES);
  /** Null in key order. */
  readonly #hints: HintReader | null;
  #window: SweepWindow | null = null;
  /** The last batch had as many rows as its limit. */
  #isDense = false;
  /** A batch of one row failed. The next step finds the key of that row and changes the row by its key. */
  #isIsolating = false;
  /** The batches that were sent before the previous batch had returned, in the order of their execution. */
  #pipelined: readonly SentBatch[] = [];

  constructor(context: RangeContext) {
    const { runner, selection } = context.tools;
    const { file } = context.state.range;
    this.#context = context;
    const ofFile = file === null ? null : new FileSelection(selection, file);
    this.#selection = ofFile ?? selection;
    this.#runner = ofFile ? createBatchRunner(ofFile) : runner;
    this.#hints = ofFile && new HintReader(ofFile);
    this.#lockModes = new LockModeController(this.#runner);
  }

  /** Whether a batch is in flight. Then the connection cannot be used for anything else. */
  get isInFlight(): boolean {
    return this.#pipelined.length > 0;
  }

  /** The file whose pages the statements of the sweep name; null if they name the backfill's table. */
  get file(): SelectedFile | null {
    return this.#selection.file;
  }

  /** Called after a batch of one row failed. The next step changes that row by its key. */
  isolateRow(): void {
    this.#isIsolating = true;
  }

  /**
   * Called after a row was listed for the settling pass. The next step changes the next row by its key.
   *
   * @param cursor the cursor after the row
   */
  skipRow(cursor: Key | null): void {
    this.#context.state.advanceTo(cursor);
    this.#isIsolating = true;
  }

  /** Called after the range was read from the ledger again. */
  restart(): void {
    this.#window?.reset();
  }

  /** Shortens the window, so that one statement reads fewer rows. @returns false if it cannot be shortened */
  async shortenWindow(): Promise<boolean> {
    const { state, tools } = this.#context;
    const { range, isInBatch } = state;
    const window = this.#window;
    if (range.state !== 'sweeping' || !window?.shrink()) return false;
    const upper = await tools.connection.use((session) =>
      findWindowEnd(session, this.#selection, {
        after: isInBatch ? range.cursor : range.windowLower,
        upTo: range.windowUpper,
        size: window.size,
      }),
    );
    if (upper !== null) state.windowShortened(upper);
    return true;
  }

  async step(session: Session): Promise<void> {
    const { windowUpper, cursor } = this.#context.state.range;
    const window = (this.#window ??= await this.#createWindow(session));
    const isAtEnd = windowUpper === null || window.isExhausted || sameKey(cursor, windowUpper);
    if (windowUpper === null || (isAtEnd && !this.isInFlight)) return this.#openNextWindow(session, window);
    if (this.#isIsolating) return this.#changeOneRow(session, window, windowUpper);
    return this.#runBatch(session, window, { windowUpper, isLast: isAtEnd });
  }

  async #createWindow(session: Session): Promise<SweepWindow> {
    const { definition, file } = this.#selection;
    const { pace } = definition;
    if (file === null) return new KeyWindow(pace.batchSize);
    const facts = await inspectFile(session, definition, file);
    return new PageWindow(new RegionSizer(facts, pace), pace.batchSize);
  }

  async #runBatch(
    session: Session,
    window: SweepWindow,
    { windowUpper, isLast }: { readonly windowUpper: Key; readonly isLast: boolean },
  ): Promise<void> {
    const { state, pacer, failures } = this.#context;
    state.batchStarted();
    if (!this.isInFlight) pacer.batchStarted();
    const [first, ...others] = this.#pipelined;
    const batch = first ? this.#begun(first, window) : this.#send(session, window, windowUpper);
    this.#pipelined = others;
    if (!isLast) this.#sendPipelined(session, window, batch);
    const outcome = await this.#outcomeOf(window, batch);
    if (outcome === null) return;
    state.advanceTo(outcome.cursor ?? batch.cursor);
    window.batchFinished(outcome, batch);
    this.#isDense = !window.isExhausted;
    if (outcome.selected === 0) return failures.reset();
    const { limit, stage } = batch;
    await pacer.batchCommitted(outcome, { limit, stage, isPipelined: this.isInFlight });
  }

  #send(session: Session, window: SweepWindow, windowUpper: Key): SentBatch {
    const { state, pacer } = this.#context;
    const { cursor } = state.range;
    const region = window.region(pacer.limitOf('regular').rows);
    const stage = stageOf(this.#runner, window, { cursor, region });
    pacer.enterStage(stage);
    const { rows: limit, mostRows } = pacer.limit;
    const lockMode = this.#lockModes.next(limit);
    const canBeUnselected = lockMode === 'optimistic' && this.#runner.canBeUnselected;
    const pages = canBeUnselected && this.#unselected.next() ? window.pagesAt(cursor, region, limit) : null;
    const { limits } = pacer;
    const batch = { stage, limit, mostRows, limits, lockMode, region, pages, cursor, windowUpper };
    return { ...batch, outcome: this.#runner.sweep(session, state.range, this.#step(batch)) };
  }

  /**
   * Sends the next batches before the previous one returns, so that the server does not wait for this process.
   */
  #sendPipelined(session: Session, window: SweepWindow, previous: SentBatch): void {
    const { tools, state, pacer } = this.#context;
    const { limits } = pacer;
    const { limit, lockMode, stage } = previous;
    const maxInFlight = Math.min(this.#runner.maxInFlight, pacer.maxInFlight);
    if (limit !== pacer.limitOf(stage).rows || lockMode !== 'optimistic') return;
    if (tools.stop.reason !== null || tools.outcomeIfLeaving() !== null || tools.gate.isDue) return;
    while (this.#pipelined.length + 1 < maxInFlight && window.hasRoomBeyond([previous, ...this.#pipelined])) {
      const cursor = window.expectedCursor(this.#pipelined.at(-1) ?? previous);
      const region = window.region(pacer.limitOf('regular').rows);
      const next = stageOf(this.#runner, window, { cursor, region });
      const { rows: size, mostRows } = pacer.limitOf(next);
      const pages = previous.pages === null ? null : window.pagesAt(cursor, region, size);
      const batch = { ...previous, stage: next, limit: size, mostRows, limits, cursor, region, pages };
      const outcome = this.#runner.pipelineSweep?.(session, state.range, this.#step(batch));
      if (!outcome) return;
      // The outcome is awaited later. Without this handler, Node.js would report its error as unhandled until
      // then.
      outcome.catch(() => undefined);
      this.#pipelined = [...this.#pipelined, { ...batch, outcome }];
    }
  }

  #begun(batch: SentBatch, window: SweepWindow): SentBatch {
    const { cursor } = this.#context.state.range;
    return this.#runner.followsRows ? begunAt(cursor, batch, window) : { ...batch, cursor };
  }

  #step(batch: UnsentBatch): SweepStep {
    return stepOf(batch, this.#context.tools, { isDense: this.#isDense });
  }

  /**
   * @returns null if an optimistic batch met a locked row, took too long, or had too many rows. It changed
   * nothing, and the next step locks or selects the rows first.
   */
  async #outcomeOf(
    window: SweepWindow,
    { lockMode, stage, pages, outcome }: SentBatch,
  ): Promise<BatchOutcome | null> {
    const { pacer } = this.#context;
    try {
      const result = await outcome;
      if (lockMode === 'optimistic') this.#lockModes.optimisticSucceeded();
      if (pages !== null) this.#unselected.succeeded();
      return result;
    } catch (error) {
      await this.#finishPipelined(window);
      const failure = classifyFailure(error);
      pacer.enterStage(stage);
      if (sqlState(error) === OVER_LIMIT) {
        this.#unselected.failed();
        return null;
      }
      if (lockMode === 'locking' || (failure !== 'lock' && failure !== 'too-slow')) throw error;
      const isInPages = this.#selection.file !== null;
      const isSmaller =
        isInPages && failure === 'too-slow' && pacer.limit.wasTooSlow(MAX_OPTIMISTIC_BATCH_MS);
      if (!isSmaller) this.#lockModes.optimisticFailed();
      return null;
    }
  }

  /**
   * Awaits the pipelined batches after the batch before them has failed. They have failed too, unless the
   * failed batch reached its COMMIT. In that case the failed transaction had ended, and the next batch has
   * changed the same rows.
   */
  async #finishPipelined(window: SweepWindow): Promise<void> {
    const { state, pacer } = this.#context;
    const batches = this.#pipelined;
    this.#pipelined = [];
    for (const { outcome: pending } of batches) {
      const outcome = await pending.catch(() => null);
      if (!outcome) continue;
      window.rowsSkipped();
      state.advanceTo(outcome.cursor ?? state.range.cursor);
      if (outcome.selected === 0) continue;
      window.pendingFound();
      await pacer.batchCommitted(outcome);
    }
  }

  async #openNextWindow(session: Session, window: SweepWindow): Promise<void> {
    const { tools, state, pacer } = this.#context;
    const { range } = state;
    const hints = window.hasPending || range.windowUpper === null ? this.#hints : null;
    if (range.windowUpper !== null) {
      window.grow(pacer.limit.rows);
      await hints?.flushCommits(session, range);
    }
    const { size, mayHaveSkipped } = window;
    state.windowOpened(await moveWindow(session, this.#selection, range, { size, mayHaveSkipped }));
    window.opened({ mayHaveSkipped: tools.searchesEveryWindow });
    tools.log.searching(describeBound(this.#selection, state.range.windowLower));
    await hints?.windowClosed(session, closedWindow(range, { isSearched: mayHaveSkipped }));
  }

  /** Changes one row by its key, so that this row must be the cause of an error. */
  async #changeOneRow(session: Session, window: SweepWindow, windowUpper: Key): Promise<void> {
    const { tools, state } = this.#context;
    const { range } = state;
    const region = window.region(1);
    const { cursor: from } = range;
    const step = this.#step({ ...ONE_ROW, cursor: from, windowUpper, region, lockMode: 'locking' });
    const { key, cursor, isWindowDone } = await findNextRow(session, this.#selection, range, step);
    window.rowsSkipped();
    if (key === null) {
      // In page order, the rows of the next stripe may follow.
      this.#isIsolating = !isWindowDone;
      window.exhausted();
      await session.transaction([tools.ledger.ranges.moveCursor(range, cursor)]);
      return state.advanceTo(cursor);
    }
    this.#isIsolating = false;
    window.pendingFound();
    try {
      await changeOrQuarantine(this.#context, session, key, {
        lockTimeoutMs: null,
        cursor,
        unchangedRow: 'quarantine',
      });
    } catch (error) {
      throw classifyFailure(error) === 'lock' ? new ChangeBlockedError({ key, cursor }, error) : error;
    }
    state.advanceTo(cursor);
  }
}
