import type { TenantReport } from '../../../backfills/report/report.js';
import { printable, renderCount, renderTable } from '../../../text/format.js';

/** More would bury the summary; `--json` has them all. */
export const MAX_TENANTS_SHOWN = 20;

/**
 * One row a tenant: those with rows that are not done first, then those with most rows.
 *
 * @param done what was done to the rows, for the head of their column
 */
export function renderTenantTable(tenants: readonly TenantReport[], done = 'updated'): string[] {
  // Where no tenant is declared, what is counted beside tenants says nothing that the totals do not.
  if (tenants.every(({ tenant }) => tenant === null)) return [];
  const ordered = [...tenants].sort((a, b) => undone(b) - undone(a) || b.updated - a.updated);
  const shown = ordered.slice(0, MAX_TENANTS_SHOWN);
  const hidden = ordered.length - shown.length;
  return [
    ...renderTable([
      ['tenant', done, 'skipped', 'quarantined', 'last touched'],
      ...shown.map((each) => [
        each.tenant === null ? '(none)' : printable(each.tenant),
        renderCount(each.updated),
        renderCount(each.skipped),
        renderCount(each.quarantined),
        each.lastTouchedAt,
      ]),
    ]),
    ...(hidden > 0 ? [`… and ${renderCount(hidden)} more; --json has them all`] : []),
  ];
}

function undone({ skipped, quarantined }: TenantReport): number {
  return skipped + quarantined;
}
