import type { LeasedRange } from '../../../ledger/range.js';
import { BatchPacer } from './pace/batch.pacer.js';
import { FailureCounter } from './failure.counter.js';
import type { RangeContext } from './range.context.js';
import type { WorkerTools } from './worker.tools.js';
import type { RangeOutcome } from './range.outcome.js';
import { RangeState } from './range.state.js';
import { Recovery } from './recovery/recovery.js';
import { Settling } from './settling.js';
import { Sweep } from './sweep/sweep.js';
import { sameKey } from './sweep/window.js';

const LEASE_LOST: RangeOutcome = {
  kind: 'lost',
  reason:
    'Another process has taken over the range, because this process did not renew its lease before the lease expired.',
};

/**
 * Processes one range: sweeps it window by window, then changes the skipped rows in the settling pass. Each
 * step commits its rows together with the range's state in the ledger. After an error, the worker continues
 * from the last committed state.
 */
export class RangeWorker {
  readonly #context: RangeContext;
  readonly #sweep: Sweep;
  readonly #settling: Settling;
  readonly #recovery: Recovery;

  constructor(range: LeasedRange, tools: WorkerTools) {
    const parts = { tools, state: new RangeState(range), failures: new FailureCounter() };
    this.#context = { ...parts, pacer: new BatchPacer(parts) };
    this.#sweep = new Sweep(this.#context);
    this.#settling = new Settling(this.#context);
    this.#recovery = new Recovery(this.#context, this.#sweep, this.#settling);
  }

  get range(): LeasedRange {
    return this.#context.state.range;
  }

  async work(): Promise<RangeOutcome> {
    for (;;) {
      const outcome = this.#outcomeIfLeaving() ?? (await this.#stepOrRecover());
      if (outcome !== null) return outcome;
    }
  }

  /** The outcome if the worker must leave the range now; null to continue, or while a batch is in flight. */
  #outcomeIfLeaving(): RangeOutcome | null {
    if (this.#sweep.isInFlight) return null;
    const { tools } = this.#context;
    const leaving = tools.outcomeIfLeaving();
    if (leaving !== null) return leaving;
    const { reason } = tools.stop;
    return reason === null ? null : { kind: 'stopped', reason, waitingFor: tools.gate.waitingFor };
  }

  async #stepOrRecover(): Promise<RangeOutcome | null> {
    this.#context.state.stepStarted();
    try {
      const outcome = await this.#step();
      this.#context.tools.connection.waitingFor = null;
      return outcome;
    } catch (error) {
      return this.#recovery.recover(error);
    }
  }

  async #step(): Promise<RangeOutcome | null> {
    const { state, pacer, tools } = this.#context;
    const { session } = tools.connection;
    if (session !== null && !this.#sweep.isInFlight) {
      const held = await tools.gate.pass(session, () => tools.outcomeIfLeaving() !== null);
      if (held !== null) return { kind: 'held', ...held };
      const leaving = this.#outcomeIfLeaving();
      if (leaving !== null) return leaving;
    }
    pacer.followSettings();
    if (session === null || state.isLeaseInDoubt) return this.#takeLeaseAgain();
    if (state.range.state === 'settling')
      return (await this.#settling.step(session)) ? { kind: 'done' } : null;
    await this.#sweep.step(session);
    return null;
  }

  /**
   * Takes the lease again. The new fencing token prevents a commit over the lost connection or by another
   * process.
   */
  async #takeLeaseAgain(): Promise<RangeOutcome | null> {
    const { state, tools } = this.#context;
    const previous = state.range;
    const range = await tools.connection.use((session) => tools.ledger.leases.leaseAgain(session, previous));
    if (range === null) return LEASE_LOST;
    // Batches whose COMMIT was executed and whose reply was lost with the connection.
    tools.log.rowsFound(range.updated - previous.updated);
    state.leaseTaken(range);
    this.#sweep.restart();
    // With another upper bound, the range was split and the lease was not lost. This needs no message.
    if (sameKey(range.upper, previous.upper))
      tools.log.note('log', 'The lease was renewed. The range continues from the cursor in the ledger.');
    return null;
  }
}
