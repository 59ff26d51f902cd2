import type { HELD_STATUSES } from '../../../ledger/status.js';

/** A person has paused or cancelled the backfill: the workers release their ranges. */
export interface HeldByPerson {
  readonly status: (typeof HELD_STATUSES)[number];
  readonly reason: string;
}
