/** Tenants whose rows are changed first. @publicApi */
export interface Canary {
  /** At least one, each as text. */
  readonly tenants: readonly string[];
  /**
   * What happens when no row of these tenants is pending: `wait` pauses the backfill until a person resumes
   * it; `continue` starts the other tenants.
   */
  readonly then: 'wait' | 'continue';
}

/**
 * The order in which tenants are processed:
 * - `smallest-first`: the tenants with the fewest pending rows first
 * - `round-robin`: half a minute for each tenant in turn
 * - a list: the listed tenants first, then the others
 *
 * @publicApi
 */
export type TenantOrder = 'smallest-first' | 'round-robin' | readonly string[];

/** The options of a backfill that concern tenants. */
export interface TenantOptions {
  /** The property that holds the tenant. */
  readonly tenant?: string;
  readonly canary?: Canary;
  readonly tenantOrder?: TenantOrder;
}
