import type { LedgerRecord } from '../../../ledger/target/record.opener.js';
import type { TenantScope } from '../../../ledger/range.js';
import { leasedByOther, tenantsLeasedByOther, type RunOutcome } from '../outcome/run-outcome.js';
import { startReason } from '../outcome/start-reason.js';
import type { TenantRun, TenantRunState } from '../tenants/tenant-run.js';
import type { OtherProcesses } from './other-processes.js';
import type { RunScope, WaitResult } from './run-scope.js';

/** The scope of one part of a run in tenant order: the canary, one tenant, or finally all rows. */
export class TenantRunScope implements RunScope {
  readonly tenants: TenantScope;
  /** Each tenant has its own sweep, but the maximum number of workers applies to all sweeps together. */
  readonly leaseScope = 'every';
  /** Another process can start between two parts, even if only one worker is allowed at a time. */
  readonly isAlwaysShared = true;
  readonly isPartOfRun = true;
  readonly reportedTenants = null;
  readonly #part: TenantRun;
  readonly #state: TenantRunState;
  #hasWorked = false;

  constructor(part: TenantRun, state: TenantRunState) {
    this.tenants = part.tenants;
    this.#part = part;
    this.#state = state;
  }

  get namedTenants(): TenantScope {
    return this.#part.waitsForOthers ? this.tenants : null;
  }

  onRangeTaken(): void {
    this.#hasWorked = true;
    this.#state.isAdmitted = true;
  }

  /**
   * A process is admitted when it takes a range, or finds fewer workers than the maximum. A process that was
   * never admitted ends and leaves the run to the other processes. An admitted process continues with another
   * tenant, or waits.
   */
  async waitForOthers(others: OtherProcesses): Promise<WaitResult> {
    if (others.isStopping) return 'no-other-process';
    const isFull = await others.haveReachedLimit();
    if (!isFull) this.#state.isAdmitted = true;
    const { isAdmitted } = this.#state;
    const afterOnePoll = () => Promise.resolve(true);
    const holder = await others.watch(
      isFull ? 'every' : (this.tenants ?? 'every'),
      isAdmitted ? afterOnePoll : undefined,
    );
    if (holder === null) return isFull ? 'try-again' : 'no-other-process';
    if (others.isStopping) return 'try-again';
    if (!isAdmitted) return leasedByOther(holder.owner);
    if (!isFull && !this.#part.waitsForOthers) return tenantsLeasedByOther(holder.owner);
    return others.wait(holder.owner);
  }

  /** Only the first part includes the reason why the whole run starts. */
  start(record: LedgerRecord): string {
    const runReason = this.isRecordedAsRunning(record) ? '' : `${startReason(record)} `;
    this.#state.isRecordedAsRunning = true;
    return `${runReason}${this.#part.title}`;
  }

  isRecordedAsRunning(record: LedgerRecord | null): boolean {
    return this.#state.isRecordedAsRunning && record?.status !== 'complete';
  }

  canBeProvedByOthers({ status }: LedgerRecord): boolean {
    return this.#hasWorked || status !== 'complete';
  }

  endsRun(outcome: RunOutcome): boolean {
    return this.#part.endsRun(outcome);
  }
}
