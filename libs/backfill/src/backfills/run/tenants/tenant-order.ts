import type { BackfillReport } from '../../../report/report.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { readPendingTenants } from './pending-tenants.reader.js';
import { tenantPart } from './tenant-parts.js';
import type { TenantRunOutcome } from './tenant-run.js';
import type { TenantSequenceOptions } from './tenant-sequence.options.js';

/** In the order `round-robin`, the time of one tenant before the next tenant starts. */
const ROUND_ROBIN_MS = 30_000;
const POLL_INTERVAL_MS = 500;

/** Runs the tenants one after the other, each as one part of the run. */
export class TenantOrder {
  readonly #options: TenantSequenceOptions;
  readonly #parts: BackfillReport[];
  #isWaitReported = false;

  constructor(options: TenantSequenceOptions, parts: BackfillReport[]) {
    this.#options = options;
    this.#parts = parts;
  }

  /** @returns the report of the part that ends the run; null to continue with all rows */
  async run(): Promise<BackfillReport | null> {
    const { definition, connection, note, stop, ledger } = this.#options;
    const { tenantOrder } = definition;
    if (tenantOrder === null) return null;
    if (typeof tenantOrder !== 'string') return this.#each(tenantOrder, () => stop);
    const tenants = await connection.use((session) =>
      readPendingTenants(session, { definition, ledger, note }),
    );
    return this.#each(tenants, () =>
      tenantOrder === 'round-robin' ? stop.withTimeLimit(ROUND_ROBIN_MS) : stop,
    );
  }

  /**
   * Runs the tenants until each one is finished. A tenant is repeated if it reached its time limit, or if
   * other processes hold its ranges: a range may become free, or large enough to split.
   *
   * @param stopOfPart returns the stop signal of the next part
   */
  async #each(tenants: readonly string[], stopOfPart: () => StopSignal): Promise<BackfillReport | null> {
    let remaining = tenants;
    while (remaining.length > 0) {
      const unfinished: string[] = [];
      const holders: string[] = [];
      for (const tenant of remaining) {
        const stop = stopOfPart();
        const outcome = await this.#run(tenant, stop);
        if (outcome.endsRun) return outcome.report;
        if (outcome.holder !== null) holders.push(outcome.holder);
        if (isUnfinished(outcome, stop)) unfinished.push(tenant);
      }
      await this.#waitIfAllHeld(holders, remaining.length);
      remaining = unfinished;
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
 * Whether the tenant needs another part. Rows that cannot be changed stay pending. The last part tries them
 * again and reports the reason.
 */
function isUnfinished({ holder, report }: TenantRunOutcome, stop: StopSignal): boolean {
  if (holder !== null) return true;
  const canContinue = !report.proved && (report.updated > 0 || report.waitingFor !== null);
  return canContinue && stop.reason !== null;
}
