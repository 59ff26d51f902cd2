import type { BackfillReport } from '../../../report/report.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { readPendingTenants } from './pending-tenants.reader.js';
import { tenantPart } from './tenant-parts.js';
import type { TenantRunOutcome } from './tenant-run.js';
import type { TenantSequenceOptions } from './tenant-sequence.options.js';

/** Time for one tenant before the next one follows, in the order `round-robin`. */
const ROUND_ROBIN_MS = 30_000;
const POLL_INTERVAL_MS = 500;

/** The tenants one after the other, each as a part of the run. */
export class TenantOrder {
  readonly #options: TenantSequenceOptions;
  readonly #parts: BackfillReport[];
  #isWaitReported = false;

  constructor(options: TenantSequenceOptions, parts: BackfillReport[]) {
    this.#options = options;
    this.#parts = parts;
  }

  /** @returns the report that ends the run; null to continue with all rows */
  async run(): Promise<BackfillReport | null> {
    const { definition, connection, note, stop, ledger } = this.#options;
    const { tenantOrder } = definition;
    if (tenantOrder === null) return null;
    if (typeof tenantOrder !== 'string') return this.#each(tenantOrder, () => stop);
    const tenants = await connection.use((session) =>
      readPendingTenants(session, { definition, ledger, note }),
    );
    return this.#each(tenants, () => (tenantOrder === 'round-robin' ? stop.within(ROUND_ROBIN_MS) : stop));
  }

  /**
   * Runs the tenants until none is left. A tenant is repeated if its time was too short, or if other
   * processes hold its ranges: these may come free, or become large enough to split.
   *
   * @param limit returns the stop signal of one part
   */
  async #each(tenants: readonly string[], limit: () => StopSignal): Promise<BackfillReport | null> {
    let left = tenants;
    while (left.length > 0) {
      const again: string[] = [];
      const holders: string[] = [];
      for (const tenant of left) {
        const stop = limit();
        const outcome = await this.#run(tenant, stop);
        if (outcome.endsRun) return outcome.report;
        if (outcome.holder !== null) holders.push(outcome.holder);
        if (isUnfinished(outcome, stop)) again.push(tenant);
      }
      await this.#waitIfAllHeld(holders, left.length);
      left = again;
    }
    return null;
  }

  async #run(tenant: string, stop: StopSignal): Promise<TenantRunOutcome> {
    const outcome = await this.#options.runPart(tenantPart(tenant, stop, this.#options.stop));
    const hasOnlyPolled = outcome.holder !== null && outcome.report.batches === 0;
    if (!outcome.endsRun && !hasOnlyPolled) this.#parts.push(outcome.report);
    return outcome;
  }

  async #waitIfAllHeld([holder, ...others]: readonly string[], tenants: number): Promise<void> {
    if (holder === undefined || others.length + 1 < tenants) {
      this.#isWaitReported = false;
      return;
    }
    if (!this.#isWaitReported) this.#options.waiting(holder);
    this.#isWaitReported = true;
    await this.#options.stop.sleep(POLL_INTERVAL_MS);
  }
}

/**
 * Whether the tenant needs another part. Rows that cannot be done are left to the last part, which reports
 * why.
 */
function isUnfinished({ holder, report }: TenantRunOutcome, stop: StopSignal): boolean {
  if (holder !== null) return true;
  const canContinue = !report.proved && (report.updated > 0 || report.waitingFor !== null);
  return canContinue && stop.reason !== null;
}
