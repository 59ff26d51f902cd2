import type { LedgerRecord } from '../../../ledger/target/record.opener.js';
import type { LeaseScope, TenantScope } from '../../../ledger/range.js';
import type { RunOutcome } from '../outcome/run-outcome.js';
import type { OtherProcesses } from './other-processes.js';

/**
 * The next step of a process that found no range to take. `try-again`: take a range. `no-other-process`: no
 * other process holds a range. Otherwise the outcome that ends the run.
 */
export type WaitResult = 'try-again' | 'no-other-process' | RunOutcome;

/**
 * Defines which rows a run processes and how it shares them with other processes. There are two scopes: a run
 * in one part (`WholeRunScope`), and one part of a run in tenant order (`TenantRunScope`).
 */
export interface RunScope {
  /** The tenants whose rows this run processes; null: all rows. */
  readonly tenants: TenantScope;
  /** The scope whose leases count towards the maximum number of workers. */
  readonly leaseScope: LeaseScope;
  /** Whether other processes may take part even if `workers` allows only one worker at a time. */
  readonly isAlwaysShared: boolean;
  /** Whether this is one part of a run in tenant order. */
  readonly isPartOfRun: boolean;
  /** The tenants whose rows the report covers; null: all. */
  readonly reportedTenants: TenantScope;
  /**
   * Tenants that a person or the declaration names. A tenant without a row is reported, because its name may
   * be misspelled. Null: no tenants are named.
   */
  readonly namedTenants: TenantScope;

  /** Called each time a range is taken. */
  onRangeTaken(): void;

  /** Called when there is no range to take. */
  waitForOthers(others: OtherProcesses): Promise<WaitResult>;

  /** Called once before the first batch. @returns the reason why the run starts, as a sentence */
  start(record: LedgerRecord): string;

  /** Whether a part of this run has set the ledger's status to `running`. */
  isRecordedAsRunning(record: LedgerRecord | null): boolean;

  /** Whether another process may have proved completion after this process read `record`. */
  canBeProvedByOthers(record: LedgerRecord): boolean;

  /**
   * Whether the run ends with this outcome. Otherwise it continues with another part, and the status stays
   * `running`.
   */
  endsRun(outcome: RunOutcome): boolean;
}
