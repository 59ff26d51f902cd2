import { toControlState } from '../../../ledger/control.ledger.js';
import type { LeaseSnapshot } from '../../../ledger/range.js';
import { isHeld } from '../../../ledger/status.js';
import type { Session } from '../../../postgres/session.js';
import { CheckPoll } from '../../throttle/check.poll.js';
import { createServerThrottles } from '../../throttle/server/server-throttles.factory.js';
import type { ActiveThrottle } from '../../../report/active-throttle.js';
import { ThrottlePoll, toPollPart, type ThrottlePollPart } from '../../throttle/throttle.poll.js';
import { ThrottleReading, type MonotonicClock } from '../../throttle/throttle.reading.js';
import type { BatchGateOptions } from './batch-gate.options.js';
import type { HeldByPerson } from './held-by-person.js';

/**
 * Reads everything that a batch may have to wait for: the orders of people, the throttles on the server, and
 * the application's own checks. Keeps what the last poll has found.
 */
export class GatePoll {
  readonly #options: BatchGateOptions;
  readonly #intervalMs: number;
  readonly #serverPoll: ThrottlePoll;
  readonly #checks: readonly CheckPoll[];
  readonly #readings: readonly ThrottleReading[];
  #held: HeldByPerson | null = null;
  #leaseSnapshot: LeaseSnapshot = { leases: [], free: [] };
  #active: readonly ActiveThrottle[] = [];

  constructor(options: BatchGateOptions, now: MonotonicClock) {
    const { definition, checks, stop } = options;
    const { throttles, name, version, table } = definition;
    const { unreadableAfter } = throttles;
    this.#options = options;
    this.#intervalMs = throttles.interval;
    const newReading = (subject: string) => new ThrottleReading(subject, unreadableAfter, now);
    const parts = createServerThrottles(throttles).map((each) => toPollPart(each, newReading(each.name)));
    const orders = this.#ordersPart(newReading('the ledger'));
    this.#serverPoll = new ThrottlePoll(table, [orders, ...parts]);
    const context = { backfill: name, version, table };
    this.#checks = checks
      .filter(({ backfills }) => backfills === undefined || backfills.includes(name))
      .map((check) => {
        const reading = newReading(check.name);
        return new CheckPoll({
          declared: check,
          context,
          reading,
          stop: stop.signal,
          timeoutMs: unreadableAfter,
        });
      });
    this.#readings = [orders, ...parts, ...this.#checks].map(({ reading }) => reading);
  }

  /** Null if no person holds the backfill. */
  get held(): HeldByPerson | null {
    return this.#held;
  }

  /** The workers of all processes, and the free ranges. */
  get leaseSnapshot(): LeaseSnapshot {
    return this.#leaseSnapshot;
  }

  /** The throttles for which the run must wait. */
  get active(): readonly ActiveThrottle[] {
    return this.#active;
  }

  /** @throws the error of a lost connection */
  async read(session: Session): Promise<void> {
    const checked = this.#checks.map((check) => check.poll());
    const time = await this.#serverPoll.read(session);
    if (checked.length > 0) await this.#withinInterval(checked);
    this.#active = this.#readings.flatMap((reading) => this.#activeThrottle(reading, time));
  }

  /** @param time of the database; null if it is not known */
  #activeThrottle({ name, waitReason }: ThrottleReading, time: string | null): ActiveThrottle[] {
    if (waitReason === null) return [];
    const before = this.#active.find((each) => each.name === name);
    return [{ name, reason: waitReason, since: before?.since ?? time ?? new Date().toISOString() }];
  }

  /** A slow check delays the batches by one interval at most. Its result counts in a later poll. */
  async #withinInterval(checked: readonly Promise<void>[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.#intervalMs)));
    await Promise.race([Promise.all(checked), timeout]);
    clearTimeout(timer);
  }

  /** The orders of people come with the throttles, in the same round trip. */
  #ordersPart(reading: ThrottleReading): ThrottlePollPart {
    const { ledger, control, tenants, among } = this.#options;
    return {
      reading,
      query: (parameters) => ledger.control.state(parameters, tenants, among),
      read: (value) => {
        if (value === null) return null;
        const { status, reason, settings, leases } = toControlState(value);
        control.apply(settings);
        this.#leaseSnapshot = leases;
        this.#held = isHeld(status) ? { status, reason } : null;
        return null;
      },
    };
  }
}
