import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import type { Ledger } from '../../ledger/ledger.js';
import { OPERATE_SCHEMA_STEP } from '../../ledger/records/overview.ledger.js';
import { SampleLedger, thinSamples, type NewSample } from '../../ledger/records/sample.ledger.js';
import { Session } from '../../postgres/session.js';
import type { BackfillProgress } from '../../report/observer.js';

/** One of this many samples also deletes old ones. */
const THINNED_EVERY = 100;

/** The progress of one run, written to the ledger at intervals. Its statements are not part of any batch. */
export class RunSample {
  readonly #definition: BackfillDefinition;
  readonly #ledger: Ledger;
  readonly #timer: NodeJS.Timeout;
  /** Of the parts of the run that have ended. */
  #before = { updated: 0, batches: 0 };
  #updated = 0;
  #batches = 0;
  #remaining: number | null = null;
  #batchSize: number | null = null;
  #throttledMs = 0;
  #waitingFor: string | null = null;
  #isThrottled = false;
  #waitingSince: number | null = null;
  #written = 0;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  constructor(definition: BackfillDefinition, ledger: Ledger, intervalMs: number) {
    this.#definition = definition;
    this.#ledger = ledger;
    this.#timer = setInterval(() => this.#tick(), intervalMs).unref();
  }

  /** Another part of the run begins, e.g. the next tenants or the next turn. Its counts begin with zero. */
  partStarted(): void {
    this.#before = {
      updated: this.#before.updated + this.#updated,
      batches: this.#before.batches + this.#batches,
    };
    this.#updated = 0;
    this.#batches = 0;
  }

  progressed({ updated, batches, total }: BackfillProgress): void {
    if (batches > this.#batches)
      this.#batchSize = Math.round((updated - this.#updated) / (batches - this.#batches));
    this.#updated = updated;
    this.#batches = batches;
    this.#remaining = total === null ? null : Math.max(0, total - updated);
    if (this.#waitingSince !== null) this.#endWait();
  }

  waiting(waitingFor: string, cause: 'throttle' | 'other'): void {
    this.#endWait();
    this.#waitingFor = waitingFor;
    this.#waitingSince = performance.now();
    this.#isThrottled = cause === 'throttle';
  }

  /** Writes the last sample of a run that has written others. Never throws. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    this.#endWait();
    if (this.#written > 0) await this.#write();
  }

  #endWait(): void {
    if (this.#isThrottled) this.#throttledMs += this.#waitedMs ?? 0;
    this.#isThrottled = false;
    this.#waitingFor = null;
    this.#waitingSince = null;
  }

  get #waitedMs(): number | null {
    return this.#waitingSince === null ? null : performance.now() - this.#waitingSince;
  }

  /** A tick is left out while the last sample still waits for the database. */
  #tick(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#write().finally(() => (this.#isWriting = false));
  }

  /** A sample that cannot be written is left out: the run itself reports an unreachable database. */
  async #write(): Promise<void> {
    const sample: NewSample = {
      run: this.#ledger.owner,
      updated: this.#before.updated + this.#updated,
      batches: this.#before.batches + this.#batches,
      remaining: this.#remaining,
      batchSize: this.#batchSize,
      throttledMs: this.#throttledMs + (this.#isThrottled ? (this.#waitedMs ?? 0) : 0),
      waitingFor: this.#waitingFor,
      waitedMs: this.#waitedMs,
    };
    try {
      const session = await Session.open(this.#definition.dataSource);
      try {
        const own = this.#ledger.of(this.#definition);
        await own.locate(session, OPERATE_SCHEMA_STEP);
        const thinning = this.#written % THINNED_EVERY === THINNED_EVERY - 1 ? thinSamples(this.#ledger) : [];
        await session.transaction([new SampleLedger(own).add(sample), ...thinning]);
        this.#written++;
      } finally {
        await session.close();
      }
    } catch {
      // Left out.
    }
  }
}
