import type { RowsLedger } from '../../ledger/rows.ledger.js';
import type { TenantScope } from '../../ledger/range.js';
import type { Session } from '../../postgres/session.js';
import type { TenantReport } from './report.js';

/** What the ledger knows of each tenant. */
export async function tenantReports(
  rows: RowsLedger,
  session: Session,
  scope: TenantScope,
): Promise<TenantReport[]> {
  return (await rows.tenants(session, scope)).map(
    ([tenant, updated, skipped, quarantined, lastTouchedAt]) => ({
      tenant: tenant ?? null,
      updated: Number(updated),
      skipped: Number(skipped),
      quarantined: Number(quarantined),
      lastTouchedAt: lastTouchedAt ?? '',
    }),
  );
}
