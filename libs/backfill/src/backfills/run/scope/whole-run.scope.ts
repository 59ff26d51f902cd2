import type { LedgerRecord } from '../../../ledger/status.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import { leasedByOther } from '../outcome/run-outcome.js';
import { startReason } from '../outcome/start-reason.js';
import type { OtherProcesses } from './other-processes.js';
import type { RunScope, WaitResult } from './run-scope.js';

/** A run by itself: of all rows, or of the tenants that were requested. */
export class WholeRunScope implements RunScope {
  readonly tenants: TenantScope;
  readonly isAlwaysShared = false;
  readonly isPartOfRun = false;
  #hasWorked = false;
  #hasSeenOthers = false;

  constructor(tenants: TenantScope) {
    this.tenants = tenants;
  }

  get leases(): TenantScope {
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
    // Another process may still have been planning the ranges when this one tried to take one.
    // Only a second attempt while others are at work shows that nothing is left.
    if (!this.#hasSeenOthers && (await others.areAtWork())) {
      this.#hasSeenOthers = true;
      return 'try-again';
    }
    const holder = await others.watch(this.tenants, this.#hasWorked ? others.ordersChange() : undefined);
    if (holder === null) return 'nobody-left';
    if (others.isStopping) return leasedByOther(holder.owner);
    // A process that has taken part stays to the end: other ranges may come free, or become large enough to
    // split.
    if (this.#hasWorked) return others.wait(holder.owner);
    return this.#hasSeenOthers ? leasedByOther(holder.owner) : 'try-again';
  }

  start(record: LedgerRecord): string {
    return startReason(record);
  }

  hasBegunBefore(): boolean {
    return false;
  }

  canBeProvedByOthers(): boolean {
    return this.#hasWorked;
  }

  endsRun(): boolean {
    return true;
  }
}
