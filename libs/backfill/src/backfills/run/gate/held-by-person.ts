import type { HELD_STATUSES } from '../../../ledger/status.js';

/** The status and the reason of a backfill that a person has paused or cancelled. */
export interface HeldByPerson {
  readonly status: (typeof HELD_STATUSES)[number];
  readonly reason: string;
}
