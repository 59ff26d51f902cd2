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
 * Reads everything that a batch may have to wait for: the status and the settings that a person has set, the
 * throttles on the server, and the application's own checks. Keeps the results of the last poll.
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
    const controlPart = this.#controlPart(newReading('the ledger'));
    this.#serverPoll = new ThrottlePoll(table, [controlPart, ...parts]);
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
    this.#readings = [controlPart, ...parts, ...this.#checks].map(({ reading }) => reading);
  }

  /** The pause or the cancellation by a person; null if there is none. */
  get held(): HeldByPerson | null {
    return this.#held;
  }

  /** The leases of all processes, and the free ranges. */
  get leaseSnapshot(): LeaseSnapshot {
    return this.#leaseSnapshot;
  }

  /** The throttles that hold the run. */
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

  /** @param time the database's time; null if it is not known */
  #activeThrottle({ name, waitReason }: ThrottleReading, time: string | null): ActiveThrottle[] {
    if (waitReason === null) return [];
    const before = this.#active.find((each) => each.name === name);
    return [{ name, reason: waitReason, since: before?.since ?? time ?? new Date().toISOString() }];
  }

  /**
   * Waits for the checks, but not longer than one interval. The next poll uses the result of a slower check.
   */
  async #withinInterval(checked: readonly Promise<void>[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.#intervalMs)));
    await Promise.race([Promise.all(checked), timeout]);
    clearTimeout(timer);
  }

  /** Reads the control state in the same round trip as the throttles. */
  #controlPart(reading: ThrottleReading): ThrottlePollPart {
    const { ledger, control, tenants, leaseScope } = this.#options;
    return {
      reading,
      query: (parameters) => ledger.control.state(parameters, tenants, leaseScope),
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
