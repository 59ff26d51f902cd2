import type { LedgerRecord } from '../../../ledger/status.ledger.js';
import type { LeaseScope, TenantScope } from '../../../ledger/range.js';
import type { RunOutcome } from '../outcome/run-outcome.js';
import type { OtherProcesses } from './other-processes.js';

/**
 * What a process does that has found no range to take: try again, stop waiting because no other process holds
 * a range, or end.
 */
export type WaitResult = 'try-again' | 'nobody-left' | RunOutcome;

/**
 * Which rows a run works on, and how it shares them with other processes: a run by itself, or one part of a
 * run that takes the tenants in an order.
 */
export interface RunScope {
  /** The tenants whose rows this run works on; null: all rows. */
  readonly tenants: TenantScope;
  /** The leases that count towards the maximum number of workers. */
  readonly leases: LeaseScope;
  /** Other processes may take part even if only one worker is allowed at a time. */
  readonly isAlwaysShared: boolean;
  /** This is one part of a run that continues with other parts. */
  readonly isPartOfRun: boolean;
  /** The tenants that the report is about; null: all. */
  readonly reportedTenants: TenantScope;
  /** Tenants that a person has named for this run and may have misspelled; null: none. */
  readonly namedTenants: TenantScope;

  /** Called each time a range is taken. */
  onRangeTaken(): void;

  /** Called when there is no range to take. */
  waitForOthers(others: OtherProcesses): Promise<WaitResult>;

  /** Called once before the first batch. @returns why the run starts, as a sentence */
  start(record: LedgerRecord): string;

  /** Whether an earlier part of the run has set the ledger's status to `running`. */
  hasBegunBefore(record: LedgerRecord | null): boolean;

  /** Whether another process may have proved the run complete since this one read `record`. */
  canBeProvedByOthers(record: LedgerRecord): boolean;

  /**
   * Whether the run ends with this outcome. Otherwise it continues with another part, and the status stays
   * `running`.
   */
  endsRun(outcome: RunOutcome): boolean;
}
