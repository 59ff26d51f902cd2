import type { LedgerRecord } from '../../ledger/ledger.js';
import type { BackfillStatus } from '../../ledger/status.js';
import type { Held } from './pace.gate.js';

/** Where the backfill stands at the end of a run, and why. */
export interface Ending {
  readonly status: BackfillStatus;
  readonly reason: string;
  readonly waitingFor: string | null;
  readonly proved: boolean;
  readonly nothingToDo?: boolean;
  /** The ledger says so already, or it is not ours to say. */
  readonly unrecorded?: boolean;
}

/** What a run waited for that lost its connection for longer than it waits. */
export const THE_DATABASE = 'the database';

/** Why a run begins, for the record. */
export function startReason({ status, completedAt }: LedgerRecord): string {
  switch (status) {
    case 'complete':
      return `Rows became pending after it was complete at ${completedAt ?? 'an earlier time'} (drift).`;
    case 'running':
      return 'Going on where a process left off.';
    case 'incomplete':
      return 'Going on where the last run stopped.';
    case 'failed':
      return 'Started again after it had failed.';
    default:
      return 'First run.';
  }
}

/** A person holds it back, which the ledger says already. */
export function heldBack({ status, reason }: Held): Ending {
  const waitingFor = status === 'paused' ? `a person to resume it: ${reason}` : null;
  return { status, reason, waitingFor, proved: false, unrecorded: true };
}

/** Somebody else is at it. */
export function leasedBy(owner: string): Ending {
  return {
    status: 'running',
    reason: `${owner} is running it; this process leaves it to them.`,
    waitingFor: `the lease of ${owner}`,
    proved: false,
    unrecorded: true,
  };
}
