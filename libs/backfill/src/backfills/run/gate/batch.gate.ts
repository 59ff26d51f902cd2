import type { LeaseScope, LeaseSnapshot } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import type { PaceControl } from '../../control/pace.control.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';
import type { BatchGateOptions } from './batch-gate.options.js';
import { GatePoll } from './gate.poll.js';
import type { HeldByPerson } from './held-by-person.js';
import { LimitMeter } from './limit.meter.js';
import { LimitReporter } from './limit.reporter.js';
import { describeThrottles, WaitReporter } from './wait.reporter.js';

/**
 * A poll that takes longer is overdue: its connection may hang, so another worker polls on its own
 * connection.
 */
const POLL_OVERDUE_MS = 1_000;

/**
 * Lets a batch start only while no throttle is active and no person has paused or cancelled the backfill. All
 * workers of a run in one process share the gate. At most once per interval, one worker polls on its own
 * session, and all workers use the result.
 */
export class BatchGate {
  readonly #options: BatchGateOptions;
  readonly #now: MonotonicClock;
  readonly #intervalMs: number;
  readonly #lastPoll: GatePoll;
  readonly #reporter: WaitReporter;
  readonly #limitReporter: LimitReporter;
  /** Finds what limits the run. */
  readonly meter = new LimitMeter();
  /** When the last poll returned; null before the first one. No batch may start before the first poll. */
  #polledAt: number | null = null;
  /** The latest poll that has not returned yet; null if every poll has returned. */
  #polling: { readonly since: number } | null = null;

  constructor(options: BatchGateOptions) {
    const { definition, ledger, log, now = () => performance.now() } = options;
    this.#options = options;
    this.#now = now;
    this.#intervalMs = definition.throttles.interval;
    this.#lastPoll = new GatePoll(options, now);
    this.#reporter = new WaitReporter(ledger, log, now);
    this.#limitReporter = new LimitReporter(ledger, log, now);
  }

  /** The current settings. */
  get control(): PaceControl {
    return this.#options.control;
  }

  /** The scope whose leases count towards the maximum number of workers. */
  get leaseScope(): LeaseScope {
    return this.#options.leaseScope;
  }

  /** The leases of all processes and the free ranges, as the last poll found them. */
  get leaseSnapshot(): LeaseSnapshot {
    return this.#lastPoll.leaseSnapshot;
  }

  /** A description of the active throttles; null if none is active. */
  get waitingFor(): string | null {
    return this.#isThrottled ? describeThrottles(this.#lastPoll.active) : null;
  }

  /** Whether the next `pass` polls or waits. Then no batch may be in flight on the session. */
  get isDue(): boolean {
    return this.#isThrottled || this.#isPollDue;
  }

  /**
   * Waits until a batch may start, the run is asked to stop, or `mustLeave` returns true.
   *
   * @param session without an open transaction
   * @param mustLeave whether the worker must leave its range for another reason; called after each poll
   * @returns the pause or the cancellation that ends the work on the range; null if there is none
   * @throws the error of a lost connection
   */
  async pass(session: Session, mustLeave: () => boolean = () => false): Promise<HeldByPerson | null> {
    const { stop } = this.#options;
    for (;;) {
      const held = await this.poll(session);
      if (held !== null || !this.#isThrottled || stop.reason !== null || mustLeave()) return held;
      const waitedSince = this.#now();
      await stop.sleep(this.#intervalMs);
      this.meter.waited('throttle', this.#now() - waitedSince);
    }
  }

  /**
   * Polls if a poll is due, and does not wait for throttles. For a process that does not start a batch now.
   */
  async poll(session: Session): Promise<HeldByPerson | null> {
    await this.#pollIfDue(session);
    return this.#lastPoll.held;
  }

  /** Removes the wait from the ledger. Called when a run ends before its first batch. */
  async clearWait(session: Session): Promise<void> {
    if (this.#isThrottled) await this.#reporter.write(session, null);
  }

  /**
   * Sleeps between two batches, and polls once per interval. Returns early if the pause becomes shorter, a
   * person pauses or cancels the backfill, or the run is asked to stop.
   *
   * @param session null if it is in use: then no poll takes place
   * @param pauseMs returns the current length of the pause in milliseconds; called after each poll
   */
  async sleepBetweenBatches(session: Session | null, pauseMs: () => number): Promise<void> {
    const { stop } = this.#options;
    const startedAt = this.#now();
    for (;;) {
      const remainingMs = pauseMs() - (this.#now() - startedAt);
      if (remainingMs <= 0 || this.#lastPoll.held !== null || stop.reason !== null) return;
      const sleptSince = this.#now();
      await stop.sleep(Math.min(remainingMs, this.#intervalMs));
      this.meter.waited('pause', this.#now() - sleptSince);
      // If the connection is lost, the next batch fails too, and its recovery reconnects.
      if (session && remainingMs > this.#intervalMs) await this.#pollIfDue(session).catch(() => undefined);
    }
  }

  get #isThrottled(): boolean {
    return this.#lastPoll.active.length > 0;
  }

  get #isPollDue(): boolean {
    return this.#polledAt === null || this.#now() - this.#polledAt >= this.#intervalMs;
  }

  /**
   * Whether the result of another worker's poll can be expected soon. Before the first poll every worker
   * polls.
   */
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
      await this.#limitReporter.report(session, this.meter.read());
    } finally {
      if (this.#polling === polling) this.#polling = null;
    }
  }
}
