import type { Key } from '../../../../ledger/range.js';
import { applyBatchPolicy } from '../../../../postgres/timeout-policy.js';
import { backOff } from '../../../../text/back-off.js';
import { describeLock } from '../../../pending/lock-holders.js';
import { classifyFailure } from '../../outcome/failure.js';
import type { RangeContext } from '../range.context.js';
import type { RangeOutcome } from '../range.outcome.js';
import type { Settling } from '../settling.js';
import type { Sweep } from '../sweep/sweep.js';
import { listSkipped } from '../sweep/window.js';
import type { ChangeBlockedError } from './change-blocked.error.js';

/** Maximum number of consecutive lock timeouts of one batch. Then the run stops and stays incomplete. */
const MAX_LOCK_TIMEOUTS = 3;
const LOCK_BACK_OFF = { baseMs: 500 };
/** Back-off after consecutive blocked rows. It grows, so that few rows are deferred to the settling pass. */
const BLOCKED_BACK_OFF = { baseMs: 10, maxMs: 2_000 };
/** The run stops if more consecutive rows than this are blocked, for at least one lock timeout. */
const MAX_BLOCKED_ROWS = 10;

type NextStep = () => Promise<RangeOutcome | null>;

/** Handles lock timeouts: on the table, on a row, and on another object that the change of a row needs. */
export class LockRecovery {
  readonly #context: RangeContext;
  readonly #sweep: Sweep;
  readonly #settling: Settling;
  readonly #recover: (error: unknown) => Promise<RangeOutcome | null>;

  /** @param recover handles errors of other classes that occur during this recovery */
  constructor(
    context: RangeContext,
    sweep: Sweep,
    settling: Settling,
    recover: (error: unknown) => Promise<RangeOutcome | null>,
  ) {
    this.#context = context;
    this.#sweep = sweep;
    this.#settling = settling;
    this.#recover = recover;
  }

  async lockTimeout(error: unknown): Promise<RangeOutcome | null> {
    const { state, pacer } = this.#context;
    const row = state.range.state === 'settling' ? this.#settling.awaitedRow : null;
    if (row !== null) return this.#waitForRow(row, error);
    if (!state.isInBatch) return this.#waitForTable(error);
    return this.#onceTablesAreFree(() => {
      if (!pacer.limit.halve()) this.#sweep.isolateRow();
      return Promise.resolve(null);
    });
  }

  /**
   * The row is not locked, but its change waits for another lock, e.g. on a parent row or in a trigger. The
   * row is deferred to the settling pass. If consecutive rows are blocked, the run pauses between them and
   * finally stops, so that it does not defer every row.
   */
  changeBlocked(error: ChangeBlockedError): Promise<RangeOutcome | null> {
    return this.#onceTablesAreFree(() => this.#deferToSettling(error));
  }

  /**
   * Waits for the table locks with the full lock timeout and without a row lock. If they are free, the batch
   * waited for another lock that one of its rows needs. `nextStep` then makes the next batch lock fewer rows.
   */
  async #onceTablesAreFree(nextStep: NextStep): Promise<RangeOutcome | null> {
    const { tools, state } = this.#context;
    try {
      await tools.connection.use((session) => tools.runner.waitForTables(session, state.range));
      return await nextStep();
    } catch (error) {
      return classifyFailure(error) === 'lock' ? this.#waitForTable(error) : this.#recover(error);
    }
  }

  async #deferToSettling({ key, cursor, cause }: ChangeBlockedError): Promise<RangeOutcome | null> {
    const { tools, state, failures } = this.#context;
    const { connection, ledger, log, selection, stop } = tools;
    const { pace, name } = selection.definition;
    const waitingFor = await connection.use(async (session) => {
      await session.transaction([
        applyBatchPolicy(pace, pace.synchronousCommit, name),
        listSkipped(selection, state.range, (parameters) => selection.compare('=', key, parameters)),
        ledger.ranges.moveCursor(state.range, cursor),
      ]);
      return describeLock(session, selection, key, cause);
    });
    this.#sweep.skipRow(cursor);
    log.waiting(waitingFor);
    const blocked = failures.countBlockedRow();
    if (blocked.durationMs >= pace.lockTimeout && blocked.rows > MAX_BLOCKED_ROWS) {
      const seconds = Math.round(pace.lockTimeout / 1000);
      return {
        kind: 'stopped',
        reason: `No row could be changed for ${seconds} s. ${blocked.rows} rows were not locked, but their change waited for another lock: ${waitingFor}.`,
        waitingFor,
      };
    }
    await stop.sleep(backOff(blocked.rows, BLOCKED_BACK_OFF));
    return null;
  }

  /**
   * In the settling pass: continues until no lock was acquired for a whole lock timeout, then stops the run.
   */
  async #waitForRow(row: Key, error: unknown): Promise<RangeOutcome | null> {
    const { tools } = this.#context;
    const { lockTimeout } = tools.selection.definition.pace;
    const waitingFor = await this.#reportLock(row, error);
    if (this.#settling.waitedMs >= lockTimeout) {
      const reason = `Rows are still locked after ${Math.round(lockTimeout / 1000)} s: waiting for ${waitingFor}.`;
      return { kind: 'stopped', reason, waitingFor };
    }
    this.#settling.stopWaiting();
    await tools.stop.sleep(this.#settling.remainingWaitMs);
    return null;
  }

  /**
   * Another session has locked the table: tries again after a back-off, and stops the run after several
   * timeouts.
   */
  async #waitForTable(error: unknown): Promise<RangeOutcome | null> {
    const { tools, failures } = this.#context;
    const waitingFor = await this.#reportLock(null, error);
    const timeouts = failures.count('lock');
    if (timeouts >= MAX_LOCK_TIMEOUTS) {
      const seconds = Math.round(tools.selection.definition.pace.lockTimeout / 1000);
      const reason = `A batch did not get its locks within ${seconds} s, ${timeouts} times in a row: waiting for ${waitingFor}.`;
      return { kind: 'stopped', reason, waitingFor };
    }
    this.#settling.stopWaiting();
    await tools.stop.sleep(backOff(timeouts, LOCK_BACK_OFF));
    return null;
  }

  /**
   * Logs the lock and its holders. Ends the transactions of dead processes, because they may hold the lock.
   */
  async #reportLock(key: Key | null, error: unknown): Promise<string> {
    const { connection, log, selection } = this.#context.tools;
    const waitingFor = await connection.use(async (session) => {
      const lock = await describeLock(session, selection, key, error);
      await session.endAbandoned();
      return lock;
    });
    log.waiting(waitingFor);
    return waitingFor;
  }
}
