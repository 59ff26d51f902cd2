import { InvalidBackfillOptionError } from '../../../options/option.error.js';
import type { Canary, TenantOptions, TenantOrder } from '../../declare/tenant.options.js';

const ORDERS: readonly unknown[] = ['smallest-first', 'round-robin'];
const AFTER_CANARY: readonly unknown[] = ['wait', 'continue'];

/** @throws InvalidBackfillOptionError naming the option */
export function resolveTenantOptions(
  className: string,
  { tenant, canary, tenantOrder }: TenantOptions,
): { readonly canary: Canary | null; readonly tenantOrder: TenantOrder | null } {
  for (const [name, value] of Object.entries({ canary, tenantOrder })) {
    if (value !== undefined && tenant === undefined)
      throw new InvalidBackfillOptionError(
        className,
        name,
        'needs the option `tenant`',
        `Add \`tenant: 'tenantId'\`, the property with the tenant, or leave \`${name}\` out.`,
      );
  }
  if (canary !== undefined && (!isList(canary.tenants) || !AFTER_CANARY.includes(canary.then))) {
    throw new InvalidBackfillOptionError(
      className,
      'canary',
      `is ${JSON.stringify(canary)}`,
      "Name at least one tenant, each as text, and the next step, e.g. `canary: { tenants: ['7'], then: 'wait' }`.",
    );
  }
  if (tenantOrder !== undefined && !isList(tenantOrder) && !ORDERS.includes(tenantOrder)) {
    throw new InvalidBackfillOptionError(
      className,
      'tenantOrder',
      `is ${JSON.stringify(tenantOrder)}`,
      "Give 'smallest-first', 'round-robin', or a list of the tenants that go first.",
    );
  }
  return {
    canary: canary === undefined ? null : { ...canary, tenants: [...new Set(canary.tenants)].sort() },
    tenantOrder: tenantOrder ?? null,
  };
}

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
}
