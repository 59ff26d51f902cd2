import { toOrders } from '../../../ledger/control.ledger.js';
import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { LeaseScope, LeaseSnapshot, TenantScope } from '../../../ledger/range.js';
import { isHeld, type HELD_STATUSES } from '../../../ledger/status.js';
import { isConnectionError } from '../../../postgres/error-classes.js';
import type { Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import type { PaceControl } from '../../control/pace.control.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import { CheckPoll } from '../../throttle/check.poll.js';
import { ThrottlePoll, serverPart, type ThrottlePollPart } from '../../throttle/throttle.poll.js';
import { ThrottleReading, type MonotonicClock } from '../../throttle/throttle.reading.js';
import { serverThrottles } from '../../throttle/server-throttles.factory.js';
import type { ActiveThrottle } from '../../throttle/throttle.js';
import type { DeclaredCheck } from '../../throttle/throttle-check.js';
import type { RunLog } from '../log/run-log.js';
import type { StopSignal } from '../stop/stop-signal.js';

/** Milliseconds after which what a run waits for is told again, with its newest numbers. */
const TELL_AGAIN = 30_000;
/** Milliseconds after which nobody relies on another's look any more that has not come back. */
const OVERDUE = 1_000;

/** A person has put the backfill there: the range is handed back. */
export interface HeldByPerson {
  readonly status: (typeof HELD_STATUSES)[number];
  readonly reason: string;
}

export interface BatchGateOptions {
  readonly definition: BackfillDefinition;
  /** Whose ranges are worked on. */
  readonly tenants: TenantScope;
  /** Among whose leases the most workers are counted. */
  readonly among: LeaseScope;
  readonly ledger: BackfillLedger;
  readonly control: PaceControl;
  readonly checks: readonly DeclaredCheck[];
  readonly log: RunLog;
  readonly stop: StopSignal;
  readonly now?: MonotonicClock;
}

/**
 * Stands before each batch: lets it pass while the database is well and nobody has said otherwise. All workers of a run in one
 * process share it; at most once in an interval one of them looks, on its own session, for all. When that session hangs, another looks.
 */
export class BatchGate {
  readonly #options: BatchGateOptions;
  readonly #now: MonotonicClock;
  readonly #interval: number;
  readonly #look: ThrottlePoll;
  readonly #readings: readonly ThrottleReading[];
  readonly #checks: readonly CheckPoll[];
  /** Null before the first look, which no batch goes before. */
  #lookedAt: number | null = null;
  /** The look under way that was begun last. */
  #looking: { readonly since: number } | null = null;
  #held: HeldByPerson | null = null;
  #roster: LeaseSnapshot = { leases: [], free: [] };
  #active: readonly ActiveThrottle[] = [];
  #told: { readonly names: string; readonly at: number } | null = null;
  #throttledSince: number | null = null;

  constructor(options: BatchGateOptions) {
    const { definition, checks, stop, now = () => performance.now() } = options;
    const { throttles, name, version, table } = definition;
    this.#options = options;
    this.#now = now;
    this.#interval = throttles.interval;
    const reading = (of: string) => new ThrottleReading(of, throttles.unreadableAfter, now);
    const parts = serverThrottles(throttles).map((each) => serverPart(each, reading(each.name)));
    const orders = this.#ordersPart(reading('the ledger'));
    this.#look = new ThrottlePoll(table, [orders, ...parts]);
    this.#checks = checks
      .filter(({ backfills }) => backfills === undefined || backfills.includes(name))
      .map((check) => {
        const context = { backfill: name, version, table };
        return new CheckPoll(check, context, stop.signal, throttles.unreadableAfter, now);
      });
    this.#readings = [orders, ...parts, ...this.#checks].map((part) => part.reading);
  }

  /** The settings in force. */
  get control(): PaceControl {
    return this.#options.control;
  }

  /** Among whose leases the most workers are counted. */
  get among(): LeaseScope {
    return this.#options.among;
  }

  /** Who is at work, as the last look has seen it. */
  get leaseSnapshot(): LeaseSnapshot {
    return this.#roster;
  }

  /** What holds the run at this moment, in words; null when nothing does. */
  get waitingFor(): string | null {
    return this.#active.length === 0 ? null : inWords(this.#active);
  }

  /** A look is due: no batch may be under way when `pass` is called next. */
  get isDue(): boolean {
    return this.#active.length > 0 || this.#isDue;
  }

  get #isDue(): boolean {
    return this.#lookedAt === null || this.#now() - this.#lookedAt >= this.#interval;
  }

  /**
   * Returns as soon as a batch may begin, or the run is asked to stop. Waits with no transaction open.
   *
   * @param session with no transaction open
   * @param leaves whoever has another reason to leave does not wait
   * @returns why the worker has to leave its range; null to go on
   * @throws the loss of the connection
   */
  async pass(session: Session, leaves: () => boolean = () => false): Promise<HeldByPerson | null> {
    for (;;) {
      const held = await this.poll(session);
      if (held !== null || this.#active.length === 0 || this.#options.stop.reason !== null || leaves())
        return held;
      await this.#options.stop.sleep(this.#interval);
    }
  }

  /** The same for who is not about to begin a batch: looks when it is due, and does not wait. */
  async poll(session: Session): Promise<HeldByPerson | null> {
    await this.#lookWhenDue(session);
    return this.#held;
  }

  /** A run that leaves before it has begun waits for nothing any more. */
  async leave(session: Session): Promise<void> {
    if (this.waitingFor !== null)
      await this.#write(session, this.#options.ledger.status.waitingToStart(null));
  }

  /**
   * Sleeps between two batches, and goes on looking meanwhile: a pause that is made shorter ends early, as does one in which the run is
   * asked to stop.
   *
   * @param milliseconds asked again after each look
   */
  async rest(session: Session | null, milliseconds: () => number): Promise<void> {
    const since = this.#now();
    for (;;) {
      const left = milliseconds() - (this.#now() - since);
      if (left <= 0 || this.#held !== null || this.#options.stop.reason !== null) return;
      await this.#options.stop.sleep(Math.min(left, this.#interval));
      // A connection that is lost is found out by the next batch, which knows what to do about it.
      if (session && left > this.#interval) await this.#lookWhenDue(session).catch(() => undefined);
    }
  }

  /** Another worker's look is not waited for, and not relied on for long: its connection may be the one that hangs. */
  async #lookWhenDue(session: Session): Promise<void> {
    if (!this.#isDue || this.#isLookedFor) return;
    const look = (this.#looking = { since: this.#now() });
    await this.#lookNow(session).finally(() => {
      if (this.#looking === look) this.#looking = null;
    });
  }

  get #isLookedFor(): boolean {
    if (this.#lookedAt === null || this.#looking === null) return false;
    return this.#now() - this.#looking.since < OVERDUE;
  }

  async #lookNow(session: Session): Promise<void> {
    const answers = this.#checks.map((check) => check.poll());
    const time = await this.#look.read(session);
    if (answers.length > 0) await this.#inTime(answers);
    this.#lookedAt = this.#now();
    this.#active = this.#readings.flatMap((reading) => this.#activeOf(reading, time));
    await this.#tell(session);
  }

  #activeOf({ name, waitReason }: ThrottleReading, time: string | null): ActiveThrottle[] {
    if (waitReason === null) return [];
    const before = this.#active.find((each) => each.name === name);
    return [{ name, reason: waitReason, since: before?.since ?? time ?? new Date().toISOString() }];
  }

  /** The slowest check may not hold up the batches for longer than a look's interval. */
  async #inTime(answers: readonly Promise<void>[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.#interval)));
    await Promise.race([Promise.all(answers), late]);
    clearTimeout(timer);
  }

  async #tell(session: Session): Promise<void> {
    const { log, ledger } = this.#options;
    const names = this.#active.map(({ name }) => name).join();
    const now = this.#now();
    if (names === (this.#told?.names ?? '') && (names === '' || now - (this.#told?.at ?? 0) < TELL_AGAIN))
      return;
    const waitingFor = this.waitingFor;
    this.#told = { names, at: now };
    if (waitingFor === null) {
      log.note('log', `Going on, after ${Math.round((now - (this.#throttledSince ?? now)) / 1000)} s.`);
      this.#throttledSince = null;
    } else {
      this.#throttledSince ??= now;
      log.waiting(waitingFor, this.#active);
    }
    await this.#write(session, ledger.status.waitingToStart(waitingFor));
  }

  async #write(session: Session, statement: Statement): Promise<void> {
    try {
      await session.transaction([statement]);
    } catch (error) {
      if (isConnectionError(error)) throw error;
      // It is told in the log; the ledger is told at the next change.
    }
  }

  /** What people want is read along with the throttles. */
  #ordersPart(reading: ThrottleReading): ThrottlePollPart {
    const { ledger, control, tenants, among } = this.#options;
    return {
      reading,
      query: (parameters) => ledger.control.orders(parameters, tenants, among),
      take: (value) => {
        if (value === null) return null;
        const { status, reason, settings, roster } = toOrders(value);
        control.follow(settings);
        this.#roster = roster;
        this.#held = isHeld(status) ? { status, reason } : null;
        return null;
      },
    };
  }
}

function inWords(active: readonly ActiveThrottle[]): string {
  return active.map(({ name, reason, since }) => `${name}: ${reason}, since ${since}`).join('; ');
}
