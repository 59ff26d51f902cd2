import type { BackfillReport } from '../../../report/report.js';
import { Canary } from './canary.js';
import { sumReports } from './report.sum.js';
import { TenantOrder } from './tenant-order.js';
import { lastPart } from './tenant-parts.js';
import type { TenantSequenceOptions } from './tenant-sequence.options.js';

/**
 * A run in tenant order: first the canary, then each tenant, and finally all rows. The last part changes the
 * rows without a tenant and proves that no row is pending. Each part has its own ranges in the ledger, so a
 * later run resumes it. Several processes take different tenants if possible.
 */
export class TenantSequence {
  readonly #options: TenantSequenceOptions;

  constructor(options: TenantSequenceOptions) {
    this.#options = options;
  }

  async run(): Promise<BackfillReport> {
    const { connection, ledger, runPart, stop } = this.#options;
    await connection.use((session) => ledger.locate(session));
    const status = await connection.use((session) => ledger.status.read(session)).catch(() => null);
    const parts: BackfillReport[] = [];
    // A complete backfill only has drift left, so the tenant order does not apply.
    const isOrdered = status !== 'complete' && status !== 'cancelled';
    const ending = isOrdered ? await this.#runInOrder(parts) : null;
    return sumReports(parts, ending ?? (await runPart(lastPart(null, stop))).report);
  }

  /**
   * @param parts receives the report of each part that does not end the run
   * @returns the report of the part that ends the run; null to continue with all rows
   */
  async #runInOrder(parts: BackfillReport[]): Promise<BackfillReport | null> {
    return (
      (await new Canary(this.#options, parts).run()) ?? (await new TenantOrder(this.#options, parts).run())
    );
  }
}
