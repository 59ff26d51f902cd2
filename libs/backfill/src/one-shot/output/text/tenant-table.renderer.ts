import { formatCount } from '../reader.format.js';
import type { TenantReport } from '../../../report/report.js';
import { printable } from './printable.js';
import { renderTable } from './table.renderer.js';

/** A longer table would push the summary off the screen; `--json` lists all tenants. */
export const MAX_TENANTS_SHOWN = 20;

/**
 * One line per tenant, sorted by the number of rows left, then by the number of rows done.
 *
 * @param rowVerb the header of the column of done rows
 */
export function renderTenantTable(tenants: readonly TenantReport[], { rowVerb = 'updated' } = {}): string[] {
  // Without a declared tenant, the table would only repeat the totals.
  if (tenants.every(({ tenant }) => tenant === null)) return [];
  const sorted = [...tenants].sort((a, b) => rowsLeft(b) - rowsLeft(a) || b.updated - a.updated);
  const shown = sorted.slice(0, MAX_TENANTS_SHOWN);
  const hidden = sorted.length - shown.length;
  return [
    ...renderTable([
      ['tenant', rowVerb, 'skipped', 'quarantined', 'last touched'],
      ...shown.map((report) => [
        report.tenant === null ? '(none)' : printable(report.tenant),
        formatCount(report.updated),
        formatCount(report.skipped),
        formatCount(report.quarantined),
        report.lastTouchedAt,
      ]),
    ]),
    ...(hidden > 0 ? [`… and ${formatCount(hidden)} more; --json lists all tenants`] : []),
  ];
}

function rowsLeft({ skipped, quarantined }: TenantReport): number {
  return skipped + quarantined;
}
