import type { LeaseScope, LeaseSnapshot } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import type { PaceControl } from '../../control/pace.control.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';
import type { BatchGateOptions } from './batch-gate.options.js';
import { GatePoll } from './gate.poll.js';
import type { HeldByPerson } from './held-by-person.js';
import { describeThrottles, WaitReporter } from './wait.reporter.js';

/**
 * After this time, another worker no longer relies on a poll that has not returned: its connection may hang.
 */
const POLL_OVERDUE_MS = 1_000;

/**
 * Lets a batch start only while no throttle is active and no person holds the backfill. All workers of a run
 * in one process share the gate: at most once per interval, one of them polls on its own session for all.
 */
export class BatchGate {
  readonly #options: BatchGateOptions;
  readonly #now: MonotonicClock;
  readonly #intervalMs: number;
  readonly #lastPoll: GatePoll;
  readonly #reporter: WaitReporter;
  /** Null before the first poll, which every batch must wait for. */
  #polledAt: number | null = null;
  /** The most recent poll that has not returned. */
  #polling: { readonly since: number } | null = null;

  constructor(options: BatchGateOptions) {
    const { definition, ledger, log, now = () => performance.now() } = options;
    this.#options = options;
    this.#now = now;
    this.#intervalMs = definition.throttles.interval;
    this.#lastPoll = new GatePoll(options, now);
    this.#reporter = new WaitReporter(ledger, log, now);
  }

  /** The settings in force. */
  get control(): PaceControl {
    return this.#options.control;
  }

  /** The leases that count towards the maximum number of workers. */
  get among(): LeaseScope {
    return this.#options.among;
  }

  /** The workers of all processes and the free ranges, as of the last poll. */
  get leaseSnapshot(): LeaseSnapshot {
    return this.#lastPoll.leaseSnapshot;
  }

  /** The active throttles in words; null if none is active. */
  get waitingFor(): string | null {
    return this.#isThrottled ? describeThrottles(this.#lastPoll.active) : null;
  }

  /** `pass` will poll, or wait: no batch may be in flight when it is called. */
  get isDue(): boolean {
    return this.#isThrottled || this.#isPollDue;
  }

  /**
   * Waits until a batch may start, or the worker must not wait any longer. Waits without an open transaction.
   *
   * @param session without an open transaction
   * @param mustLeave whether the worker has another reason not to wait
   * @returns why the worker must release its range; null to continue
   * @throws the error of a lost connection
   */
  async pass(session: Session, mustLeave: () => boolean = () => false): Promise<HeldByPerson | null> {
    const { stop } = this.#options;
    for (;;) {
      const held = await this.poll(session);
      if (held !== null || !this.#isThrottled || stop.reason !== null || mustLeave()) return held;
      await stop.sleep(this.#intervalMs);
    }
  }

  /** Polls if it is time, and does not wait: for a process that is not about to start a batch. */
  async poll(session: Session): Promise<HeldByPerson | null> {
    await this.#pollIfDue(session);
    return this.#lastPoll.held;
  }

  /** Clears what the ledger says the run waits for. Called when a run ends before its first batch. */
  async clearWait(session: Session): Promise<void> {
    if (this.#isThrottled) await this.#reporter.write(session, null);
  }

  /**
   * Sleeps between two batches, and polls in the meantime. Returns early when the pause becomes shorter, a
   * person holds the backfill, or the run is asked to stop.
   *
   * @param session null: does not poll
   * @param pauseMs returns the length of the pause; called after each poll
   */
  async rest(session: Session | null, pauseMs: () => number): Promise<void> {
    const { stop } = this.#options;
    const startedAt = this.#now();
    for (;;) {
      const left = pauseMs() - (this.#now() - startedAt);
      if (left <= 0 || this.#lastPoll.held !== null || stop.reason !== null) return;
      await stop.sleep(Math.min(left, this.#intervalMs));
      // The next batch finds a lost connection, and can recover from it.
      if (session && left > this.#intervalMs) await this.#pollIfDue(session).catch(() => undefined);
    }
  }

  get #isThrottled(): boolean {
    return this.#lastPoll.active.length > 0;
  }

  get #isPollDue(): boolean {
    return this.#polledAt === null || this.#now() - this.#polledAt >= this.#intervalMs;
  }

  /** Another worker polls now. Not relied on before the first poll, nor when that poll is overdue. */
  get #isPolling(): boolean {
    if (this.#polledAt === null || this.#polling === null) return false;
    return this.#now() - this.#polling.since < POLL_OVERDUE_MS;
  }

  async #pollIfDue(session: Session): Promise<void> {
    if (!this.#isPollDue || this.#isPolling) return;
    const polling = (this.#polling = { since: this.#now() });
    try {
      await this.#lastPoll.read(session);
      this.#polledAt = this.#now();
      await this.#reporter.report(session, this.#lastPoll.active);
    } finally {
      if (this.#polling === polling) this.#polling = null;
    }
  }
}
