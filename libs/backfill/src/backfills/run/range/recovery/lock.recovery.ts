import type { Key } from '../../../../ledger/range.js';
import { applyBatchPolicy } from '../../../../postgres/timeout-policy.js';
import { backOff } from '../../../../text/back-off.js';
import { describeLock } from '../../../pending/lock-holders.js';
import { classifyFailure } from '../../outcome/failure.js';
import type { RangeContext } from '../range.context.js';
import type { RangeOutcome } from '../range.outcome.js';
import type { Settling } from '../settling.js';
import type { Sweep } from '../sweep.js';
import { listSkipped } from '../window.js';
import type { RowHeldUpError } from './row-held-up.error.js';

/** Lock timeouts of the same batch in a row before the run stops with work left. */
const MAX_LOCK_TIMEOUTS = 3;
const LOCK_BACK_OFF = { baseMs: 500 };
/**
 * Back-off after rows that were set aside one after another: short at first, then long enough to keep them
 * few.
 */
const HELD_UP_BACK_OFF = { baseMs: 10, maxMs: 2_000 };
/** If more rows than this are set aside in a row for a whole lock timeout, the run stops. */
const MAX_HELD_UP_ROWS = 10;

type Continuation = () => Promise<RangeOutcome | null>;

/** Handles lock timeouts: of a table, of a row, and of another row that a change needs. */
export class LockRecovery {
  readonly #context: RangeContext;
  readonly #sweep: Sweep;
  readonly #settling: Settling;
  readonly #recover: (error: unknown) => Promise<RangeOutcome | null>;

  /** @param recover handles errors of another class that occur meanwhile */
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
   * The row is not locked, but its change waits, e.g. for a parent row or in a trigger. It is left to the
   * settling pass. If this happens row after row, the run pauses and finally stops, so that not every row
   * ends up there.
   */
  rowHeldUp(error: RowHeldUpError): Promise<RangeOutcome | null> {
    return this.#onceTablesAreFree(() => this.#setAside(error));
  }

  /**
   * Waits for the table locks with the full lock timeout and without holding a row. If they are free,
   * something that one of the rows needs was locked, so that the next batch must lock fewer rows meanwhile.
   */
  async #onceTablesAreFree(continuation: Continuation): Promise<RangeOutcome | null> {
    const { tools, state } = this.#context;
    try {
      await tools.connection.use((session) => tools.runner.waitForTables(session, state.range));
      return await continuation();
    } catch (error) {
      return classifyFailure(error) === 'lock' ? this.#waitForTable(error) : this.#recover(error);
    }
  }

  async #setAside({ key, cause }: RowHeldUpError): Promise<RangeOutcome | null> {
    const { tools, state, failures } = this.#context;
    const { connection, ledger, log, selection, stop } = tools;
    const { pace, name } = selection.definition;
    const waitingFor = await connection.use(async (session) => {
      await session.transaction([
        applyBatchPolicy(pace, pace.synchronousCommit, name),
        listSkipped(selection, state.range, (parameters) => selection.compare('=', key, parameters)),
        ledger.ranges.moveCursor(state.range, key),
      ]);
      return describeLock(session, selection, key, cause);
    });
    this.#sweep.skipRow(key);
    log.waiting(waitingFor);
    const heldUp = failures.countHeldUpRow();
    if (heldUp.durationMs >= pace.lockTimeout && heldUp.rows > MAX_HELD_UP_ROWS) {
      const seconds = Math.round(pace.lockTimeout / 1000);
      return {
        kind: 'stopped',
        reason: `For ${seconds} s no row could be changed, although ${heldUp.rows} rows were not locked: waiting for ${waitingFor}.`,
        waitingFor,
      };
    }
    await stop.sleep(backOff(heldUp.rows, HELD_UP_BACK_OFF));
    return null;
  }

  /** While settling: waits until a whole lock timeout has passed without any lock acquired. */
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

  /** Another session has locked the table. */
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
   * Logs the lock and its holders, and ends abandoned transactions of this library, which may be among them.
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
