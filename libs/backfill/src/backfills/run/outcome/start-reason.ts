import type { LedgerRecord } from '../../../ledger/target/record.opener.js';

/** The reason why a run starts, for the ledger and the observer. */
export function startReason({ status, completedAt }: LedgerRecord): string {
  switch (status) {
    case 'complete':
      return `Rows became pending after the backfill completed at ${completedAt ?? 'an earlier time'} (drift).`;
    case 'running':
      return 'Continues where another process stopped.';
    case 'incomplete':
      return 'Continues where the last run stopped.';
    case 'failed':
      return 'Started again after a failure.';
    default:
      return 'First run.';
  }
}
