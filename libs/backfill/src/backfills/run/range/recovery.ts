import { messageOf, sqlState } from '../../../postgres/error-classes.js';
import { applyBatchPolicy } from '../../../postgres/timeout-policy.js';
import { FailingPredicateError, InvalidStatementError } from '../../run.error.js';
import type { Key } from '../../../ledger/range.js';
import { backOff } from '../../../text/back-off.js';
import { describeLock } from '../../pending/lock-holders.js';
import { DatabaseLostError } from '../connection/database-lost.error.js';
import { THE_DATABASE } from '../outcome/run-outcome.js';
import { classifyFailure } from '../outcome/failure.js';
import type { RangeOutcome } from './range.outcome.js';
import type { RangeWork } from './range.work.js';
import type { Settling } from './settling.js';
import { RowHeldUpError, type Sweep } from './sweep.js';
import { listSkipped } from './window.js';

/** Tries of one batch that a lock or a conflict ends, or that loses its connection, before the run stops with work left. */
const LOCK_TRIES = 3;
const CONFLICT_TRIES = 20;
const CONNECTION_TRIES = 10;
/** Milliseconds of rest after rows that were set aside one after the other: hardly any at first, then long enough for them to stay few. */
const ASIDE_BASE = 10;
const ASIDE_CAP = 2_000;
/** So many of them one after the other, for as long as a run waits for a lock, are not those few rows' affair any more. */
const ASIDE_MANY = 10;

/** Decides, by the class of an error, what becomes of the range: again, smaller, without the row at fault, or no further. */
export class Recovery {
  readonly #work: RangeWork;
  readonly #sweep: Sweep;
  readonly #settling: Settling;
  /** Whether the range is still ours is to be asked before anything else. */
  leaseInDoubt = false;

  constructor(work: RangeWork, sweep: Sweep, settling: Settling) {
    this.#work = work;
    this.#sweep = sweep;
    this.#settling = settling;
  }

  /** @returns how the range is left; null to go on */
  async from(error: unknown): Promise<RangeOutcome | null> {
    const { connection, log, selection, stop } = this.#work.tools;
    const stopped = stop.reason;
    if (error instanceof LeaseGoneError) return leaseLost();
    if (error instanceof DatabaseLostError) {
      return {
        kind: 'stopped',
        reason: stopped ?? error.message,
        waitingFor: stopped === null ? THE_DATABASE : null,
      };
    }
    if (error instanceof RowHeldUpError) return this.#withTablesFree(() => this.#setAside(error));
    const failure = classifyFailure(error);
    switch (failure) {
      case 'connection':
        return this.#recoverFromLoss(error);
      case 'busy':
        await connection.drop();
        log.note('warn', `The connection was lost: ${messageOf(error)}`);
        await stop.sleep(backOff(++this.#work.tries.conflict, { baseMs: 200, maxMs: 5_000 }));
        return this.#work.tries.conflict > CONFLICT_TRIES ? gaveUp(error) : null;
      case 'conflict':
        if (stopped !== null) return null;
        if (++this.#work.tries.conflict > CONFLICT_TRIES) return gaveUp(error);
        log.note('warn', `Trying the batch again (${this.#work.tries.conflict}): ${messageOf(error)}`);
        await stop.sleep(backOff(this.#work.tries.conflict));
        return null;
      case 'lock':
        return this.#recoverFromLock(error);
      case 'lease-lost':
        if (++this.#work.tries.conflict > CONFLICT_TRIES) return gaveUp(error);
        this.leaseInDoubt = true;
        // No sign of life got through while the batch ran: a shorter one does not need any.
        if (this.#work.inBatch) this.#work.limit.lower();
        return null;
      case 'too-slow':
        return this.#recoverFromSlowness(error);
      case 'poison':
        // No row is at hand: the predicate itself fails on one, and would for ever.
        if (!this.#work.inBatch)
          return { kind: 'failed', error: new FailingPredicateError(selection.definition.name, error) };
        if (!this.#work.limit.halve()) this.#sweep.isolate();
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
    const { connection, log, stop } = this.#work.tools;
    await connection.drop();
    log.note('warn', `The connection was lost: ${messageOf(error)}`);
    if (++this.#work.tries.connection === 1) return null;
    if (this.#work.tries.connection > CONNECTION_TRIES) {
      return {
        kind: 'stopped',
        reason: `The same batch lost its connection ${this.#work.tries.connection} times in a row: ${messageOf(error)}`,
        waitingFor: null,
      };
    }
    if (this.#work.limit.lower())
      log.note(
        'warn',
        `It was the same batch again: at most ${this.#work.limit.rows} of its rows at once from now on.`,
      );
    await stop.sleep(backOff(this.#work.tries.connection - 1));
    return null;
  }

  /** The batch has too many rows, or the way to the next pending row is too long: look less far ahead. */
  async #recoverFromSlowness(error: unknown): Promise<RangeOutcome | null> {
    const { log, selection } = this.#work.tools;
    const lowered = this.#work.inBatch && this.#work.limit.lower();
    if (lowered)
      log.note(
        'warn',
        `A batch took longer than its statement timeout: ${this.#work.limit.rows} rows a batch from now on.`,
      );
    if (await this.#sweep.narrow()) return null;
    if (lowered) return null;
    if (this.#work.inBatch) {
      this.#sweep.isolate();
      return null;
    }
    return { kind: 'failed', error: new FailingPredicateError(selection.definition.name, error) };
  }

  async #recoverFromLock(error: unknown): Promise<RangeOutcome | null> {
    const { inBatch, range } = this.#work;
    const awaited = range.state === 'settling' ? this.#settling.awaited : null;
    if (awaited !== null || !inBatch) return this.#wait(awaited, error);
    return this.#withTablesFree(() => {
      if (!this.#work.limit.halve()) this.#sweep.isolate();
      return Promise.resolve(null);
    });
  }

  /**
   * Whether a batch was held up by a lock on a table is found out with no row in hand, and with patience. Otherwise it is something
   * that one of its rows waits for, so that fewer of them are to be held meanwhile.
   */
  async #withTablesFree(goOn: () => Promise<RangeOutcome | null>): Promise<RangeOutcome | null> {
    const { connection, runner } = this.#work.tools;
    try {
      await connection.use((session) => runner.waitForTables(session, this.#work.range));
      return await goOn();
    } catch (error) {
      return classifyFailure(error) === 'lock' ? this.#wait(null, error) : this.from(error);
    }
  }

  /**
   * Nobody holds the row, and yet its change waits, e.g. for a parent row or in a trigger: it is left to the settling pass. Where
   * that goes on row after row, they must not all end up there.
   */
  async #setAside({ key, cause }: RowHeldUpError): Promise<RangeOutcome | null> {
    const { connection, ledger, log, selection, stop } = this.#work.tools;
    const { pace, name } = selection.definition;
    const waitingFor = await connection.use(async (session) => {
      await session.transaction([
        applyBatchPolicy(pace, pace.synchronousCommit, name),
        listSkipped(selection, this.#work.range, (parameters) => selection.compare('=', key, parameters)),
        ledger.ranges.moveCursor(this.#work.range, key),
      ]);
      return describeLock(session, selection, key, cause);
    });
    this.#sweep.passOver(key);
    log.waiting(waitingFor);
    const now = performance.now();
    const { since, rows: before } = this.#work.heldUp ?? { since: now, rows: 0 };
    this.#work.heldUp = { since, rows: before + 1 };
    if (now - since < pace.lockTimeout || before < ASIDE_MANY) {
      await stop.sleep(backOff(before + 1, { baseMs: ASIDE_BASE, maxMs: ASIDE_CAP }));
      return null;
    }
    return {
      kind: 'stopped',
      reason: `For ${Math.round(pace.lockTimeout / 1000)} s no row could be changed, although ${before + 1} were free: waiting for ${waitingFor}.`,
      waitingFor,
    };
  }

  /** While settling: until the patience for one row is at its end. In a sweep: somebody holds the table. */
  async #wait(key: Key | null, error: unknown): Promise<RangeOutcome | null> {
    const { connection, log, selection, stop } = this.#work.tools;
    const waitingFor = await connection.use(async (session) => {
      const holders = await describeLock(session, selection, key, error);
      await session.endAbandoned();
      return holders;
    });
    log.waiting(waitingFor);
    const patience = selection.definition.pace.lockTimeout;
    const patient = key === null ? ++this.#work.tries.lock < LOCK_TRIES : this.#settling.waitedMs < patience;
    if (patient) {
      this.#settling.lookAtOthers();
      await stop.sleep(
        key === null ? backOff(this.#work.tries.lock, { baseMs: 500 }) : this.#settling.restMs,
      );
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
export class LeaseGoneError extends Error {}

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
