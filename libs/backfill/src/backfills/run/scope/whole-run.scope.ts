import type { LedgerRecord } from '../../../ledger/target/record.opener.js';
import type { TenantScope } from '../../../ledger/range.js';
import { leasedByOther } from '../outcome/run-outcome.js';
import { startReason } from '../outcome/start-reason.js';
import type { OtherProcesses } from './other-processes.js';
import type { RunScope, WaitResult } from './run-scope.js';

/** The scope of a run in one part: all rows, or the rows of the requested tenants. */
export class WholeRunScope implements RunScope {
  readonly tenants: TenantScope;
  readonly isAlwaysShared = false;
  readonly isPartOfRun = false;
  #hasWorked = false;
  #hasSeenOthers = false;

  constructor(tenants: TenantScope) {
    this.tenants = tenants;
  }

  get leaseScope(): TenantScope {
    return this.tenants;
  }

  get reportedTenants(): TenantScope {
    return this.tenants;
  }

  get namedTenants(): TenantScope {
    return this.tenants;
  }

  onRangeTaken(): void {
    this.#hasWorked = true;
  }

  async waitForOthers(others: OtherProcesses): Promise<WaitResult> {
    // Another process may have been planning the ranges when this process tried to take one. If the second
    // attempt finds no range either, the other processes hold every remaining range.
    if (!this.#hasSeenOthers && (await others.haveLeases())) {
      this.#hasSeenOthers = true;
      return 'try-again';
    }
    const holder = await others.watch(
      this.tenants,
      this.#hasWorked ? others.controlChangeCheck() : undefined,
    );
    if (holder === null) return 'no-other-process';
    if (others.isStopping) return leasedByOther(holder.owner);
    // A process that has taken a range stays until the run ends: a range of another process may become free,
    // or large enough to split.
    if (this.#hasWorked) return others.wait(holder.owner);
    return this.#hasSeenOthers ? leasedByOther(holder.owner) : 'try-again';
  }

  start(record: LedgerRecord): string {
    return startReason(record);
  }

  isRecordedAsRunning(): boolean {
    return false;
  }

  canBeProvedByOthers(): boolean {
    return this.#hasWorked;
  }

  endsRun(): boolean {
    return true;
  }
}
