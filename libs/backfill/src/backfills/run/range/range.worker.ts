import type { LeasedRange } from '../../../ledger/range.js';
import type { RangeOutcome } from './range.outcome.js';
import { RangeWork, type WorkerTools } from './range.work.js';
import { LeaseGoneError, Recovery } from './recovery.js';
import { Settling } from './settling.js';
import { Sweep } from './sweep.js';
import { sameKey } from './window.js';

/**
 * Brings one range to its end: sweeps it window by window, then settles what was skipped. Every step is one transaction,
 * and after any error the worker goes on from what the ledger says.
 */
export class RangeWorker {
  readonly #work: RangeWork;
  readonly #sweep: Sweep;
  readonly #settling: Settling;
  readonly #recovery: Recovery;

  constructor(range: LeasedRange, tools: WorkerTools) {
    this.#work = new RangeWork(range, tools);
    this.#sweep = new Sweep(this.#work);
    this.#settling = new Settling(this.#work);
    this.#recovery = new Recovery(this.#work, this.#sweep, this.#settling);
  }

  get range(): LeasedRange {
    return this.#work.range;
  }

  async work(): Promise<RangeOutcome> {
    for (;;) {
      const stopped = this.#work.tools.stop.reason;
      const leaving = this.#work.tools.leave();
      if (leaving !== null && !this.#sweep.isUnderWay) return leaving;
      if (stopped !== null && !this.#sweep.isUnderWay)
        return { kind: 'stopped', reason: stopped, waitingFor: this.#work.tools.gate.waitingFor };
      const session = this.#work.tools.connection.session;
      this.#work.inBatch = false;
      try {
        if (session !== null && !this.#sweep.isUnderWay) {
          const held = await this.#work.tools.gate.pass(session, () => this.#work.tools.leave() !== null);
          if (held !== null) return { kind: 'held', ...held };
          if (this.#work.tools.stop.reason !== null || this.#work.tools.leave() !== null) continue;
        }
        this.#work.follow();
        if (session === null || this.#recovery.leaseInDoubt) await this.#leaseAgain();
        else if (this.#work.range.state === 'sweeping') await this.#sweep.step(session);
        else if (await this.#settling.step(session)) return { kind: 'done' };
      } catch (error) {
        const outcome = await this.#recovery.from(error);
        if (outcome !== null) return outcome;
      }
    }
  }

  /** What the lost connection may still be doing, or another process since the lease ran out, is settled by this. */
  async #leaseAgain(): Promise<void> {
    const { connection, ledger, log } = this.#work.tools;
    const { upper } = this.#work.range;
    const range = await connection.use((session) => ledger.leases.leaseAgain(session, this.#work.range));
    if (range === null) throw new LeaseGoneError();
    // The ledger knows whether the batch that was under way has committed.
    this.#work.range = range;
    this.#sweep.beginAnew();
    this.#recovery.leaseInDoubt = false;
    // An end that has come nearer means that the range was split, not that it was lost.
    if (sameKey(range.upper, upper))
      log.note('log', 'The range is ours again: going on from the cursor in the ledger.');
  }
}
