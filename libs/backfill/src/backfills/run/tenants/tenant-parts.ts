import type { TenantScope } from '../../../ledger/range.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { concernsAllTenants, type TenantRun } from './tenant-run.js';

/** The canary. The run continues only after the proof that none of the canary's rows is pending. */
export function canaryPart(tenants: readonly string[], stop: StopSignal): TenantRun {
  const title = titleOf("the canary's tenant", tenants);
  return { tenants, title, stop, waitsForOthers: true, endsRun: ({ proved }) => !proved };
}

/**
 * One tenant. Rows that it cannot change stay pending. The last part tries them again and reports the reason.
 *
 * @param stop the signal of this part, which may have its own time limit
 * @param runStop the signal of the whole run
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

/** The last part. It ends the run with any outcome. */
export function lastPart(tenants: TenantScope, stop: StopSignal): TenantRun {
  const title = tenants === null ? 'Processing all tenants.' : titleOf("the canary's tenant", tenants);
  return { tenants, title, stop, waitsForOthers: true, endsRun: () => true };
}

function titleOf(noun: string, tenants: readonly string[]): string {
  return `Processing ${noun}${tenants.length === 1 ? '' : 's'} ${tenants.join(', ')}.`;
}
