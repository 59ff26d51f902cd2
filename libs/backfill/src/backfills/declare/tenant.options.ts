import type { BackfillOptions } from './backfill.options.js';
import { InvalidBackfillOptionError } from './declaration.error.js';

/** Tenants that go first, and what follows once their rows are proved to be done. */
export interface Canary {
  readonly tenants: readonly string[];
  /** `wait` pauses the backfill until a person resumes it. */
  readonly then: 'wait' | 'continue';
}

/**
 * In which order the tenants of a run have their turn: those with the fewest pending rows first, the ones listed first, or all in
 * turns of half a minute.
 */
export type TenantOrder = 'smallest-first' | 'round-robin' | readonly string[];

/** @throws InvalidBackfillOptionError naming the option */
export function decideTenants(
  className: string,
  { tenant, canary, tenantOrder }: BackfillOptions,
): { readonly canary: Canary | null; readonly tenantOrder: TenantOrder | null } {
  for (const [name, value] of Object.entries({ canary, tenantOrder })) {
    if (value !== undefined && tenant === undefined)
      throw new InvalidBackfillOptionError(
        className,
        name,
        'is given, but it is not told which property is the tenant',
        "Add `tenant: 'tenantId'`, or leave it out.",
      );
  }
  if (canary !== undefined && (!isList(canary.tenants) || !['wait', 'continue'].includes(canary.then))) {
    throw new InvalidBackfillOptionError(
      className,
      'canary',
      `is ${JSON.stringify(canary)}`,
      "Name at least one tenant, each as text, and what follows, e.g. `canary: { tenants: ['7'], then: 'wait' }`.",
    );
  }
  if (
    tenantOrder !== undefined &&
    !isList(tenantOrder) &&
    !['smallest-first', 'round-robin'].includes(tenantOrder as string)
  ) {
    throw new InvalidBackfillOptionError(
      className,
      'tenantOrder',
      `is ${JSON.stringify(tenantOrder)}`,
      "Give 'smallest-first', 'round-robin', or a list of tenants that go first.",
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
