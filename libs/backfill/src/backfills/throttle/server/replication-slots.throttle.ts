import type { Parameters } from '../../../postgres/parameters.js';
import type { ThrottleLimits } from '../throttle.limits.js';
import { slotProblem, slotsOf, slotsQuery } from './replication-slot.js';
import type { ServerThrottle } from './server.throttle.js';

/**
 * Replication slots that hold WAL, which can fill the disk: of a replica or a subscriber that is slow, stopped, or
 * gone for good. Every role may read them.
 */
export class ReplicationSlotsThrottle implements ServerThrottle {
  readonly name = 'replication slots';
  readonly #limits: NonNullable<ThrottleLimits['replicationSlots']>;

  constructor(limits: NonNullable<ThrottleLimits['replicationSlots']>) {
    this.#limits = limits;
  }

  query(parameters: Parameters): string {
    return slotsQuery(parameters.addArray(this.#limits.ignore));
  }

  waitReason(value: string | null): string | null {
    const slots = slotsOf(value);
    const problems = slots.flatMap((slot) => slotProblem(slot, this.#limits) ?? []);
    if (problems.length === 0) return null;
    const unread = slots.find((slot) => !slot.active && slotProblem(slot, this.#limits) !== null);
    const remedy = unread
      ? `; if nothing needs it any more: SELECT pg_drop_replication_slot('${unread.name}')`
      : '';
    return `${problems.join('; ')}${remedy}`;
  }
}
