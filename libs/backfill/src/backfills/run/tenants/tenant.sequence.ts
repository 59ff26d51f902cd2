import type { BackfillReport } from '../../../report/report.js';
import { Canary } from './canary.js';
import { sumReports } from './report.sum.js';
import { TenantOrder } from './tenant-order.js';
import { lastPart } from './tenant-parts.js';
import type { TenantSequenceOptions } from './tenant-sequence.options.js';

/**
 * A run of all tenants in the order that the backfill declares: first its canary, then each tenant, and at
 * the end all rows. The last part works off the rows without a tenant and proves that every row is done. Each
 * part has its own ranges in the ledger, so it continues where it was left. Several processes take different
 * tenants where possible.
 */
export class TenantSequence {
  readonly #options: TenantSequenceOptions;

  constructor(options: TenantSequenceOptions) {
    this.#options = options;
  }

  async run(): Promise<BackfillReport> {
    const { connection, ledger, runPart, stop } = this.#options;
    const status = await connection.use((session) => ledger.status.read(session)).catch(() => null);
    const parts: BackfillReport[] = [];
    // A complete backfill only has drift left, so the tenant order does not apply.
    const isOrdered = status !== 'complete' && status !== 'cancelled';
    const end = isOrdered ? await this.#runInOrder(parts) : null;
    return sumReports(parts, end ?? (await runPart(lastPart(null, stop))).report);
  }

  /**
   * @param parts receives the reports of the parts that did not end the run
   * @returns the report that ends the run; null to continue
   */
  async #runInOrder(parts: BackfillReport[]): Promise<BackfillReport | null> {
    return (
      (await new Canary(this.#options, parts).run()) ?? (await new TenantOrder(this.#options, parts).run())
    );
  }
}
