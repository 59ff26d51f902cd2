import type { Ledger } from '../../ledger/ledger.js';
import type { Key, LeasedRange } from '../../ledger/range.js';
import type { RowsLedger } from '../../ledger/rows.ledger.js';
import { messageOf, sqlState } from '../../sql/error-classes.js';
import type { Session } from '../../sql/session.js';
import { applyBatchPolicy } from '../../sql/timeout-policy.js';
import type { BatchOutcome, BatchRunner, Locking, SweepStep } from '../batch/batch.js';
import type { RowSelection } from '../batch/row-selection.js';
import { backOff } from './back-off.js';
import { BatchLimit } from './batch-limit.js';
import { Breather } from './breather.js';
import { describeLock } from './blockers.js';
import { DatabaseLostError, type Connection } from './connection.js';
import { THE_DATABASE } from './ending.js';
import { classifyFailure } from './failure.js';
import type { Held, PaceGate } from './pace.gate.js';
import type { Quarantine } from './quarantine.js';
import { FailingPredicateError, InvalidStatementError, StillPendingError } from '../run.error.js';
import type { RunLog } from './run-log.js';
import type { StopSign } from './stop-sign.js';
import { keyWithin, moveWindow, sameKey } from './window.js';

/** Keys of a sweep's window, in batches. */
const WINDOW_BATCHES = 50;
const WINDOW_LEAST = 1_000;
const WINDOW_MOST = 200_000;
/** Milliseconds of one wait for a row's lock: between two of them the worker looks around. */
const LOCK_SLICE = 1_000;
/** Tries of one batch that a lock or a conflict ends, or that loses its connection, before the run stops with work left. */
const LOCK_TRIES = 3;
const CONFLICT_TRIES = 20;
const CONNECTION_TRIES = 10;
/** How much a window shrinks that cannot be looked through within the statement timeout. */
const NARROWING = 4;

/** Batches that lock their rows first, after one that did not has met a row that somebody held. */
const CAREFUL_BATCHES = 20;
const CAREFUL_MOST = 640;

/** How a range was left. */
export type RangeOutcome =
  | { readonly kind: 'done' }
  /** Another process has it now, and says how it ends. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'stopped'; readonly reason: string; readonly waitingFor: string | null }
  /** A person has paused or cancelled it; the ledger says so already. */
  | ({ readonly kind: 'held' } & Held)
  /** Fewer workers are wanted: another one takes it. */
  | { readonly kind: 'dismissed' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** A batch that is under way. */
interface Sent {
  readonly limit: number;
  readonly locking: Locking;
  readonly outcome: Promise<BatchOutcome>;
}

const NO_TRIES = { lock: 0, conflict: 0, connection: 0 } as const satisfies Record<string, number>;

/** What a worker works with. */
export interface WorkerTools {
  readonly connection: Connection;
  readonly ledger: Ledger;
  readonly rows: RowsLedger;
  readonly selection: RowSelection;
  readonly runner: BatchRunner;
  readonly quarantine: Quarantine;
  readonly gate: PaceGate;
  readonly log: RunLog;
  readonly stop: StopSign;
  /** A sweep before this one has left rows pending, e.g. since a trigger takes their change back: each window is looked through. */
  readonly isRepeated: boolean;
  /** How to leave the range at once, with work left in it; null to go on. */
  leave(): RangeOutcome | null;
}

/**
 * Brings one range to its end: sweeps it window by window, then settles what was skipped. Every step is one transaction,
 * and after any error the worker goes on from what the ledger says.
 */
export class RangeWorker {
  readonly #tools: WorkerTools;
  readonly #limit: BatchLimit;
  readonly #breather: Breather;
  /** When the batch in hand began, as far as the server is concerned. */
  #begunAt = 0;
  #range: LeasedRange;
  /** The size of the next window, in keys: larger where nothing is pending. */
  #windowSize: number;
  #windowIsEmpty = true;
  #windowExhausted = false;
  /** A batch of one row failed by its own fault: find out which row it is. */
  #isolating = false;
  /** Where the settling pass stands in the list of skipped rows. */
  #settledTo: Key | null = null;
  /** The row that is waited for. */
  #awaited: Key | null = null;
  #patientSince: number | null = null;
  #tries: Record<keyof typeof NO_TRIES, number> = { ...NO_TRIES };
  /** A batch is under way: what goes wrong is the fault of one of its rows, not of the predicate by which they are found. */
  #inBatch = false;
  #windowMost = WINDOW_MOST;
  #leaseInDoubt = false;
  /** The batch that was sent behind the one before. */
  #ahead: Sent | null = null;
  /** Batches that are still to lock their rows first. */
  #careful = 0;
  #carefulNext = CAREFUL_BATCHES;
  /** Rows taken in the window, and keys that it has at most; unknown where somebody else opened it. */
  #windowTaken = 0;
  #windowKeys = Infinity;
  /** Pending rows may be left behind in the window: skipped, or kept as they were by a trigger. */
  #windowHasGaps = true;

  constructor(range: LeasedRange, tools: WorkerTools) {
    this.#range = range;
    this.#tools = tools;
    const { pace } = tools.selection.definition;
    this.#limit = new BatchLimit(pace);
    this.#breather = new Breather(pace);
    this.#windowSize = Math.min(WINDOW_MOST, Math.max(WINDOW_LEAST, pace.batchSize * WINDOW_BATCHES));
  }

  get range(): LeasedRange {
    return this.#range;
  }

  async work(): Promise<RangeOutcome> {
    for (;;) {
      const stopped = this.#tools.stop.reason;
      const leaving = this.#tools.leave();
      if (leaving !== null && this.#ahead === null) return leaving;
      if (stopped !== null && this.#ahead === null)
        return { kind: 'stopped', reason: stopped, waitingFor: this.#tools.gate.waitingFor };
      const session = this.#tools.connection.session;
      this.#inBatch = false;
      try {
        if (session !== null && this.#ahead === null) {
          const held = await this.#tools.gate.pass(session);
          if (held !== null) return { kind: 'held', ...held };
          if (this.#tools.stop.reason !== null) continue;
        }
        this.#follow();
        if (session === null || this.#leaseInDoubt) await this.#leaseAgain();
        else if (this.#range.state === 'sweeping') await this.#sweepStep(session);
        else if (await this.#settleStep(session)) return { kind: 'done' };
      } catch (error) {
        const outcome = await this.#recover(error);
        if (outcome !== null) return outcome;
      }
    }
  }

  /** What a person has set meanwhile. */
  #follow(): void {
    const { control } = this.#tools.gate;
    this.#limit.follow(control.set('batchSize'));
    this.#breather.follow(control.current().pause);
  }

  async #sweepStep(session: Session): Promise<void> {
    const { windowUpper, cursor } = this.#range;
    const isOver = windowUpper === null || this.#windowExhausted || sameKey(cursor, windowUpper);
    if (windowUpper === null || (isOver && this.#ahead === null)) return this.#nextWindow(session);
    if (this.#isolating) return this.#tryOneRow(session, windowUpper);
    this.#inBatch = true;
    if (this.#ahead === null) this.#begunAt = performance.now();
    const sent = this.#ahead ?? this.#send(session, windowUpper);
    this.#ahead = isOver ? null : this.#sendAhead(session, windowUpper, sent);
    const outcome = await this.#landing(sent);
    if (outcome === null) return;
    this.#range = { ...this.#range, cursor: outcome.lastKey ?? cursor };
    this.#windowExhausted = outcome.taken < sent.limit;
    this.#windowTaken += outcome.taken;
    this.#windowHasGaps ||= sent.locking === 'skip' || outcome.changed < outcome.taken;
    if (outcome.taken > 0) await this.#batchDone(outcome, outcome.taken === sent.limit);
    else this.#tries = { ...NO_TRIES };
  }

  #send(session: Session, windowUpper: Key): Sent {
    const { runner } = this.#tools;
    const limit = this.#limit.rows;
    const locking = runner.canBeBrief && this.#careful === 0 && limit > 1 ? 'brief' : 'skip';
    if (this.#careful > 0) this.#careful--;
    const step = this.#step(windowUpper, limit, locking);
    return { limit, locking, outcome: runner.sweep(session, this.#range, step) };
  }

  /** Where there is no pause between batches, the server need not wait for us either. */
  #sendAhead(session: Session, windowUpper: Key, before: Sent): Sent | null {
    const { runner, stop, gate } = this.#tools;
    const { limit, locking } = before;
    const mayBeMore = this.#windowTaken + limit < this.#windowKeys;
    const isSteady = limit === this.#limit.rows && locking === 'brief';
    if (this.#breather.pause > 0 || !isSteady || !mayBeMore) return null;
    if (stop.reason !== null || this.#tools.leave() !== null || gate.isDue) return null;
    const outcome = runner.sweepAhead?.(session, this.#range, this.#step(windowUpper, limit, locking));
    // It is awaited in its turn, or when the one before has failed.
    outcome?.catch(() => undefined);
    return outcome ? { limit, locking, outcome } : null;
  }

  #step(windowUpper: Key, limit: number, locking: Locking): SweepStep {
    const { log, quarantine, stop } = this.#tools;
    return {
      cursor: this.#range.cursor,
      windowUpper,
      limit,
      locking,
      excludeQuarantined: quarantine.size > 0,
      number: log.nextBatch,
      signal: stop.signal,
    };
  }

  /** @returns null when a row was held, so that nothing has happened: the same rows again, without those */
  async #landing(sent: Sent): Promise<BatchOutcome | null> {
    try {
      const outcome = await sent.outcome;
      if (sent.locking === 'brief') this.#carefulNext = Math.max(CAREFUL_BATCHES, this.#carefulNext - 1);
      return outcome;
    } catch (error) {
      await this.#landBehind();
      const failure = classifyFailure(error);
      if (sent.locking === 'skip' || (failure !== 'lock' && failure !== 'too-slow')) throw error;
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
    this.#range = { ...this.#range, cursor: outcome.lastKey ?? this.#range.cursor };
    if (outcome.taken > 0) await this.#batchDone(outcome, false);
  }

  async #nextWindow(session: Session): Promise<void> {
    // Where a whole window held nothing to do, the next one is twice as large: a sparse table is crossed quickly.
    if (this.#range.windowUpper !== null) {
      const wanted = this.#windowIsEmpty ? this.#windowSize * 2 : this.#limit.rows * WINDOW_BATCHES;
      this.#windowSize = Math.min(this.#windowMost, Math.max(this.#windowSize, wanted));
    }
    this.#range = await moveWindow(
      session,
      this.#tools.selection,
      this.#range,
      this.#windowSize,
      this.#windowHasGaps,
    );
    this.#windowExhausted = false;
    this.#windowIsEmpty = true;
    this.#windowHasGaps = this.#tools.isRepeated;
    this.#windowTaken = 0;
    this.#windowKeys = this.#windowSize;
  }

  /** The batch of one row that failed: by its key, so that the error is certain to be that row's. */
  async #tryOneRow(session: Session, windowUpper: Key): Promise<void> {
    const key = await this.#firstDue(session, windowUpper);
    this.#isolating = false;
    this.#windowHasGaps = true;
    if (key === null) {
      this.#windowExhausted = true;
      return;
    }
    await this.#changeOrQuarantine(session, key, null, key);
    this.#range = { ...this.#range, cursor: key };
  }

  async #firstDue(session: Session, windowUpper: Key): Promise<Key | null> {
    const { selection } = this.#tools;
    const { pace, name } = selection.definition;
    const parameters = selection.parameters();
    const { rows } = await session.transaction([
      applyBatchPolicy(pace, pace.synchronousCommit, name),
      {
        text: `SELECT ${selection.keyJson}::text FROM ${selection.from}
          WHERE ${selection.between(this.#range.cursor, windowUpper, parameters)} AND ${selection.isDue(parameters, true)}
          ORDER BY ${selection.orderBy()} LIMIT 1`,
        values: parameters.values,
      },
    ]);
    const json = rows[1]?.[0]?.[0];
    return json ? (JSON.parse(json) as string[]) : null;
  }

  /** @returns whether the row is still pending, which it is only when somebody else holds it */
  async #changeOrQuarantine(
    session: Session,
    key: Key,
    wait: number | null,
    cursor: Key | null,
  ): Promise<boolean> {
    try {
      const outcome = await this.#tools.runner.byKey(session, this.#range, {
        keys: [key],
        wait,
        cursor,
        number: this.#tools.log.nextBatch,
        signal: this.#tools.stop.signal,
      });
      // We held it, and it is as pending as before: e.g. a trigger keeps it as it was.
      if (outcome.left > 0 && outcome.taken > 0)
        throw new StillPendingError(this.#tools.selection.definition.name);
      await this.#batchDone(outcome, false);
      return outcome.left > 0;
    } catch (error) {
      const failure = classifyFailure(error);
      if (failure !== 'poison' && failure !== 'too-slow') throw error;
      await this.#tools.quarantine.add(session, this.#range, key, error, cursor !== null);
      this.#tools.log.quarantined(this.#tools.selection.describe(key), error);
      return false;
    }
  }

  /** @returns true when nothing is left to settle */
  async #settleStep(session: Session): Promise<boolean> {
    if (this.#awaited !== null) return this.#await(session, this.#awaited);
    const keys = await this.#tools.rows.skipped(session, this.#range, this.#settledTo, this.#limit.rows);
    if (keys.length === 0) return this.#endOfList(session);
    const [only] = keys;
    if (this.#limit.rows === 1 && only) {
      if (!(await this.#changeOrQuarantine(session, only, null, null))) this.#patientSince = null;
      this.#limit.succeeded(null);
    } else {
      this.#inBatch = true;
      const outcome = await this.#tools.runner.byKey(session, this.#range, {
        keys,
        wait: null,
        cursor: null,
        number: this.#tools.log.nextBatch,
        signal: this.#tools.stop.signal,
      });
      if (outcome.left < keys.length) this.#patientSince = null;
      if (outcome.taken > 0) await this.#batchDone(outcome, false);
    }
    this.#settledTo = keys.at(-1) ?? null;
    return false;
  }

  async #endOfList(session: Session): Promise<boolean> {
    if (this.#settledTo === null) return true;
    this.#settledTo = null;
    const [first] = await this.#tools.rows.skipped(session, this.#range, null, 1);
    this.#awaited = first ?? null;
    return first === undefined;
  }

  /** Waits for one row while holding no other, so that nobody waits for us meanwhile. */
  async #await(session: Session, key: Key): Promise<boolean> {
    this.#patientSince ??= performance.now();
    const slice = Math.min(LOCK_SLICE, this.#tools.selection.definition.pace.lockTimeout);
    await this.#changeOrQuarantine(session, key, slice, null);
    this.#awaited = null;
    this.#patientSince = null;
    return false;
  }

  async #batchDone(outcome: BatchOutcome, isFull: boolean): Promise<void> {
    const { log, gate, connection } = this.#tools;
    const now = performance.now();
    const ms = now - this.#begunAt;
    // The one behind it begins as it ends.
    this.#begunAt = now;
    this.#windowIsEmpty &&= outcome.taken === 0;
    this.#tries = { ...NO_TRIES };
    this.#breather.after(ms, this.#limit.succeeded(isFull ? ms : null));
    log.batch(outcome, this.#range.cursor);
    if (this.#breather.pause === 0) return;
    await gate.rest(this.#ahead === null ? connection.session : null, () => {
      this.#follow();
      return this.#breather.pause;
    });
  }

  /** What the lost connection may still be doing, or another process since the lease ran out, is settled by this. */
  async #leaseAgain(): Promise<void> {
    const { connection, ledger, log } = this.#tools;
    const { upper } = this.#range;
    const range = await connection.use((session) => ledger.leaseAgain(session, this.#range));
    if (range === null) throw new LeaseGone();
    // The ledger knows whether the batch that was under way has committed.
    this.#range = range;
    this.#windowExhausted = false;
    this.#windowHasGaps = true;
    this.#windowKeys = Infinity;
    this.#leaseInDoubt = false;
    // An end that has come nearer means that the range was split, not that it was lost.
    if (sameKey(range.upper, upper))
      log.note('log', 'The range is ours again: going on from the cursor in the ledger.');
  }

  /** @returns how the range is left; null to go on */
  async #recover(error: unknown): Promise<RangeOutcome | null> {
    const { connection, log, selection, stop } = this.#tools;
    const stopped = stop.reason;
    if (error instanceof LeaseGone) return leaseLost();
    if (error instanceof DatabaseLostError) {
      return {
        kind: 'stopped',
        reason: stopped ?? error.message,
        waitingFor: stopped === null ? THE_DATABASE : null,
      };
    }
    const failure = classifyFailure(error);
    switch (failure) {
      case 'connection':
        return this.#recoverFromLoss(error);
      case 'busy':
        await connection.drop();
        log.note('warn', `The connection was lost: ${messageOf(error)}`);
        await stop.sleep(backOff(++this.#tries.conflict, { base: 200, cap: 5_000 }));
        return this.#tries.conflict > CONFLICT_TRIES ? gaveUp(error) : null;
      case 'conflict':
        if (stopped !== null) return null;
        if (++this.#tries.conflict > CONFLICT_TRIES) return gaveUp(error);
        log.note('warn', `Trying the batch again (${this.#tries.conflict}): ${messageOf(error)}`);
        await stop.sleep(backOff(this.#tries.conflict));
        return null;
      case 'lock':
        return this.#recoverFromLock();
      case 'lease-lost':
        if (++this.#tries.conflict > CONFLICT_TRIES) return gaveUp(error);
        this.#leaseInDoubt = true;
        // No sign of life got through while the batch ran: a shorter one does not need any.
        if (this.#inBatch) this.#limit.lower();
        return null;
      case 'too-slow':
        return this.#recoverFromSlowness(error);
      case 'poison':
        // No row is at hand: the predicate itself fails on one, and would for ever.
        if (!this.#inBatch)
          return { kind: 'failed', error: new FailingPredicateError(selection.definition.name, error) };
        if (!this.#limit.halve()) this.#isolating = true;
        return null;
      case 'programming':
        return {
          kind: 'failed',
          error:
            sqlState(error) === undefined
              ? error
              : new InvalidStatementError(selection.definition.name, error),
        };
    }
  }

  /**
   * The session may have been ended because of what the batch does (a timeout that is not ours, a crash of the server), so
   * that the same batch again would end the same way, for ever.
   */
  async #recoverFromLoss(error: unknown): Promise<RangeOutcome | null> {
    const { connection, log, stop } = this.#tools;
    await connection.drop();
    log.note('warn', `The connection was lost: ${messageOf(error)}`);
    if (++this.#tries.connection === 1) return null;
    if (this.#tries.connection > CONNECTION_TRIES) {
      return {
        kind: 'stopped',
        reason: `The same batch lost its connection ${this.#tries.connection} times in a row: ${messageOf(error)}`,
        waitingFor: null,
      };
    }
    if (this.#limit.lower())
      log.note(
        'warn',
        `It was the same batch again: at most ${this.#limit.rows} of its rows at once from now on.`,
      );
    await stop.sleep(backOff(this.#tries.connection - 1));
    return null;
  }

  /** The batch has too many rows, or the way to the next pending row is too long: look less far ahead. */
  async #recoverFromSlowness(error: unknown): Promise<RangeOutcome | null> {
    const { connection, log, selection } = this.#tools;
    const lowered = this.#inBatch && this.#limit.lower();
    if (lowered)
      log.note(
        'warn',
        `A batch took longer than its statement timeout: ${this.#limit.rows} rows a batch from now on.`,
      );
    if (this.#range.state === 'sweeping' && this.#windowSize > 1) {
      this.#windowMost = this.#windowSize = Math.max(1, Math.floor(this.#windowSize / NARROWING));
      const from = this.#inBatch ? this.#range.cursor : this.#range.windowLower;
      const closer = await connection.use((session) =>
        keyWithin(session, selection, from, this.#range.windowUpper, this.#windowSize),
      );
      // Only here, not in the ledger: the batch or the next window writes down what became of it.
      if (closer !== null) this.#range = { ...this.#range, windowUpper: closer };
      this.#windowExhausted = false;
      return null;
    }
    if (lowered) return null;
    if (this.#inBatch) {
      this.#isolating = true;
      return null;
    }
    return { kind: 'failed', error: new FailingPredicateError(selection.definition.name, error) };
  }

  /** While settling: until the patience for one row is at its end. In a sweep: somebody holds the table. */
  async #recoverFromLock(): Promise<RangeOutcome | null> {
    const { connection, log, selection, stop } = this.#tools;
    const key = this.#range.state === 'settling' ? this.#awaited : null;
    const waitingFor = await connection.use(async (session) => {
      const holders = await describeLock(session, selection, key);
      await session.endAbandoned();
      return holders;
    });
    log.waiting(waitingFor);
    const patience = selection.definition.pace.lockTimeout;
    const patient =
      key === null
        ? ++this.#tries.lock < LOCK_TRIES
        : performance.now() - (this.#patientSince ?? 0) < patience;
    if (patient) {
      // Other rows may have come free meanwhile.
      this.#awaited = null;
      if (key === null) await stop.sleep(backOff(this.#tries.lock, { base: 500 }));
      return null;
    }
    return {
      kind: 'stopped',
      reason:
        key === null
          ? `${LOCK_TRIES} times in a row a batch did not get its locks within ${Math.round(patience / 1000)} s: waiting for ${waitingFor}.`
          : `Rows are still locked after ${Math.round(patience / 1000)} s: waiting for ${waitingFor}.`,
      waitingFor,
    };
  }
}

/** Our range is somebody else's now. */
class LeaseGone extends Error {}

function leaseLost(): RangeOutcome {
  return {
    kind: 'lost',
    reason:
      'Another process has taken the range over, since no sign of life came from this one for the length of its lease.',
  };
}

function gaveUp(error: unknown): RangeOutcome {
  return { kind: 'stopped', reason: `A batch failed again and again: ${messageOf(error)}`, waitingFor: null };
}
