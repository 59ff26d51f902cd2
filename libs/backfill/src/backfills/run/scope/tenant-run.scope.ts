import type { LedgerRecord } from '../../../ledger/status.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import { leasedByOther, tenantsLeasedByOther, type RunOutcome } from '../outcome/run-outcome.js';
import { startReason } from '../outcome/start-reason.js';
import type { TenantRun, TenantRunState } from '../tenants/tenant-run.js';
import type { OtherProcesses } from './other-processes.js';
import type { RunScope, WaitResult } from './run-scope.js';

/** One part of a run that takes the tenants in an order: the canary, a tenant, or at the end all rows. */
export class TenantRunScope implements RunScope {
  readonly tenants: TenantScope;
  /** Each tenant has its own sweep: the maximum number of workers applies to all sweeps together. */
  readonly leases = 'every';
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
   * A process that was never admitted, because the maximum number of workers was reached, leaves the run to
   * the others. An admitted process continues with another tenant, or waits.
   */
  async waitForOthers(others: OtherProcesses): Promise<WaitResult> {
    if (others.isStopping) return 'nobody-left';
    const isFull = await others.areAtTheLimit();
    if (!isFull) this.#state.isAdmitted = true;
    const { isAdmitted } = this.#state;
    const atOnce = () => Promise.resolve(true);
    const holder = await others.watch(
      isFull ? 'every' : (this.tenants ?? 'every'),
      isAdmitted ? atOnce : undefined,
    );
    if (holder === null) return isFull ? 'try-again' : 'nobody-left';
    if (others.isStopping) return 'try-again';
    if (!isAdmitted) return leasedByOther(holder.owner);
    if (!isFull && !this.#part.waitsForOthers) return tenantsLeasedByOther(holder.owner);
    return others.wait(holder.owner);
  }

  /** Only the first part gives the reason why the whole run starts. */
  start(record: LedgerRecord): string {
    const why = this.hasBegunBefore(record) ? '' : `${startReason(record)} `;
    this.#state.hasBegun = true;
    return `${why}${this.#part.title}`;
  }

  hasBegunBefore(record: LedgerRecord | null): boolean {
    return this.#state.hasBegun && record?.status !== 'complete';
  }

  canBeProvedByOthers({ status }: LedgerRecord): boolean {
    return this.#hasWorked || status !== 'complete';
  }

  endsRun(outcome: RunOutcome): boolean {
    return this.#part.endsRun(outcome);
  }
}
