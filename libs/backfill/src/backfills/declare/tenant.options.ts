/** Tenants that go first. @publicApi */
export interface Canary {
  /** At least one, each as text. */
  readonly tenants: readonly string[];
  /** Once their rows are proved complete: `wait` pauses the backfill until a person resumes it. */
  readonly then: 'wait' | 'continue';
}

/**
 * The order of the tenants: those with the fewest pending rows first; all in turns of half a minute; or the
 * listed tenants first, then the others.
 *
 * @publicApi
 */
export type TenantOrder = 'smallest-first' | 'round-robin' | readonly string[];

/** The options of a backfill that concern tenants. */
export interface TenantOptions {
  /** The property with the tenant. */
  readonly tenant?: string;
  readonly canary?: Canary;
  readonly tenantOrder?: TenantOrder;
}
