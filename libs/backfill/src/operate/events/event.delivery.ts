import type { Logger } from '@nestjs/common';
import type { NamedDataSource } from '../../data-sources/data-source.registry.js';
import type { Ledger } from '../../ledger/ledger.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import { EventLedger, type RecordedEvent } from '../../ledger/records/event.ledger.js';
import { OPERATE_SCHEMA_STEP } from '../../ledger/records/overview.ledger.js';
import { messageOf } from '../../postgres/error-classes.js';
import { Session } from '../../postgres/session.js';
import type { EventHandler } from './handler.explorer.js';

/** Milliseconds after which another process delivers, if this one was killed. */
const LEASE_MS = 15_000;
const RENEWAL_MS = 5_000;
/** What was delivered is forgotten at least this often. */
const ADVANCE_EVERY_MS = 300_000;
const MAX_BACK_OFF_MS = 60_000;

export interface DeliveryOptions {
  readonly ledger: Ledger;
  readonly schema: string;
  readonly logger: Pick<Logger, 'error' | 'warn'>;
}

/** The state of one method of the application in one data source. */
interface Subscription {
  readonly handler: EventHandler;
  failures: number;
  /** By performance.now(). */
  notBefore: number;
  advancedAt: number;
}

/** Delivers the events of one data source to the methods of the application. */
export class EventDelivery {
  readonly #source: NamedDataSource;
  readonly #options: DeliveryOptions;
  readonly #ledger: EventLedger;
  readonly #subscriptions: readonly Subscription[];
  #isRegistered = false;
  #wasMissing = false;
  #isReachable = true;

  constructor(source: NamedDataSource, handlers: readonly EventHandler[], options: DeliveryOptions) {
    this.#source = source;
    this.#options = options;
    this.#ledger = new EventLedger(options.ledger);
    this.#subscriptions = handlers.map((handler) => ({
      handler,
      failures: 0,
      notBefore: 0,
      advancedAt: performance.now(),
    }));
  }

  /** Records the subscribers. Never throws. */
  async begin(): Promise<void> {
    await this.#inSession((session) => this.#register(session));
  }

  /** Delivers what is due. Never throws. A method that fails does not hold up the others. */
  async poll(): Promise<void> {
    const isReady = await this.#inSession((session) => this.#register(session));
    if (isReady === true)
      await Promise.all(this.#subscriptions.map((subscription) => this.#deliver(subscription)));
  }

  async #register(session: Session): Promise<boolean> {
    if (this.#isRegistered) return true;
    if ((await installedStep(session, this.#options.schema)) < OPERATE_SCHEMA_STEP) {
      this.#wasMissing = true;
      return false;
    }
    const names = this.#subscriptions.map(({ handler }) => handler.subscriber);
    await this.#ledger.register(session, names, this.#wasMissing ? 'beginning' : 'now');
    return (this.#isRegistered = true);
  }

  async #deliver(subscription: Subscription): Promise<void> {
    const { subscriber, types } = subscription.handler;
    if (performance.now() < subscription.notBefore) return;
    const read = () => this.#inSession((session) => this.#ledger.due(session, subscriber, types));
    const first = await read();
    if (!first) return;
    if (first.events.length === 0) return this.#advance(subscription, first.horizon, ADVANCE_EVERY_MS);
    const isOwn = await this.#inSession((session) => this.#ledger.lease(session, subscriber, LEASE_MS));
    if (isOwn !== true) return;
    const renewal = setInterval(
      () => void this.#inSession((session) => this.#ledger.lease(session, subscriber, LEASE_MS)),
      RENEWAL_MS,
    ).unref();
    try {
      // Read again: another process may have delivered them before it gave the lease back.
      for (let due = await read(); due; due = await read()) {
        if (due.events.length === 0) return await this.#advance(subscription, due.horizon, 0);
        for (const event of due.events) if (!(await this.#call(subscription, event))) return;
      }
    } finally {
      clearInterval(renewal);
      await this.#inSession((session) => this.#ledger.release(session, subscriber));
    }
  }

  /** @returns false if the event has to be delivered again, before any later one */
  async #call(subscription: Subscription, event: RecordedEvent): Promise<boolean> {
    const { subscriber, handle } = subscription.handler;
    try {
      await handle(toPayload(event, this.#source.name));
    } catch (error) {
      subscription.failures++;
      const waitMs = Math.min(MAX_BACK_OFF_MS, 1_000 * 2 ** (subscription.failures - 1));
      subscription.notBefore = performance.now() + waitMs;
      this.#options.logger.error(
        `${subscriber} failed for the event ${event.id} (${event.type} of ${event.name}); it is delivered again. ${messageOf(error)}`,
      );
      return false;
    }
    subscription.failures = 0;
    const isRecorded = await this.#inSession(async (session) => {
      await this.#ledger.delivered(session, subscriber, event);
      return true;
    });
    return isRecorded === true;
  }

  async #advance(subscription: Subscription, horizon: string, minAgeMs: number): Promise<void> {
    if (performance.now() - subscription.advancedAt < minAgeMs) return;
    subscription.advancedAt = performance.now();
    const { subscriber } = subscription.handler;
    await this.#inSession((session) => this.#ledger.advance(session, subscriber, horizon));
  }

  /** Undefined if the database does not answer: a later poll tries again, and the first failure is logged. */
  async #inSession<T>(work: (session: Session) => Promise<T>): Promise<T | undefined> {
    try {
      const session = await Session.open(this.#source.dataSource);
      try {
        const result = await work(session);
        this.#isReachable = true;
        return result;
      } finally {
        await session.close();
      }
    } catch (error) {
      if (this.#isReachable)
        this.#options.logger.warn(`Events of "${this.#source.name}" cannot be read: ${messageOf(error)}`);
      this.#isReachable = false;
      return undefined;
    }
  }
}

/** The payload in the form of `BackfillEvent`. */
function toPayload(event: RecordedEvent, dataSource: string): object {
  const { id, type, reason, at, name, version, target, actor } = event;
  const base = { id, type, dataSource, reason, at };
  switch (type) {
    case 'migration-deferred':
      return { ...base, migration: name };
    case 'quarantined':
      return { ...base, backfill: name, version, target, key: event.key, tenant: event.tenant };
    case 'throttled':
      return { ...base, backfill: name, version, target, actor };
    default:
      return { ...base, backfill: name, version, target, from: event.from, to: event.to, actor };
  }
}
