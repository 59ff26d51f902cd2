import type { TenantScope } from '../../../ledger/range.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { concernsAllTenants, type TenantRun } from './tenant-run.js';

/** The canary: the run continues only once its rows are proved to be done. */
export function canaryPart(tenants: readonly string[], stop: StopSignal): TenantRun {
  const title = titleOf("the canary's tenant", tenants);
  return { tenants, title, stop, waitsForOthers: true, endsRun: ({ proved }) => !proved };
}

/**
 * One tenant. What cannot be done for it is left to the last part, which reports why.
 *
 * @param stop of this part, which may have its own time limit
 * @param runStop of the whole run
 */
export function tenantPart(tenant: string, stop: StopSignal, runStop: StopSignal): TenantRun {
  return {
    tenants: [tenant],
    title: titleOf('tenant', [tenant]),
    stop,
    waitsForOthers: false,
    endsRun: (outcome) =>
      outcome.holder === undefined && (runStop.reason !== null || concernsAllTenants(outcome)),
  };
}

/** The part that ends the run whatever its outcome is. */
export function lastPart(tenants: TenantScope, stop: StopSignal): TenantRun {
  const title = tenants === null ? 'Processing all tenants.' : titleOf("the canary's tenant", tenants);
  return { tenants, title, stop, waitsForOthers: true, endsRun: () => true };
}

function titleOf(noun: string, tenants: readonly string[]): string {
  return `Processing ${noun}${tenants.length === 1 ? '' : 's'} ${tenants.join(', ')}.`;
}
