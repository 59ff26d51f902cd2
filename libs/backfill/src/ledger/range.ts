import { text } from '../postgres/decoders.js';

/** A row's key: one text for each column of the primary key, in its order. */
export type Key = readonly string[];

/** The tenants of a run, sorted; null for all rows. */
export type TenantScope = readonly string[] | null;

/** The leases that are meant: those of one scope, or all of the backfill. */
export type LeaseScope = TenantScope | 'every';

/** A range of keys that this process holds a lease on. */
export interface LeasedRange {
  readonly id: string;
  readonly purpose: 'sweep' | 'retry';
  readonly state: 'sweeping' | 'settling';
  /**
   * The fencing token: the next process that takes the range raises it, and this one can no longer commit.
   */
  readonly token: string;
  readonly tenants: TenantScope;
  /** Exclusive. */
  readonly lower: Key | null;
  /** Inclusive. */
  readonly upper: Key | null;
  readonly cursor: Key | null;
  /** Exclusive. */
  readonly windowLower: Key | null;
  /** Inclusive; null before the first window is opened. */
  readonly windowUpper: Key | null;
}

/** A lease of another process. */
export interface ForeignLease {
  readonly owner: string;
  /** Milliseconds until it expires, by the database's clock; 0 when it has expired. */
  readonly expiresInMs: number;
  /** Changes with every renewal. */
  readonly renewal: string;
}

/** The leases of a backfill and the free ranges of one scope, at one moment. */
export interface LeaseSnapshot {
  /** The `leaseId` of every lease that has not expired, in the order of the ranges. */
  readonly leases: readonly string[];
  /** The ids of the free ranges. */
  readonly free: readonly string[];
}

/** Identifies a lease. Earlier and later leases on the same range have other ids. */
export function leaseId({ id, token }: Pick<LeasedRange, 'id' | 'token'>): string {
  return `${id}/${token}`;
}

export function keyToJson(key: Key | null): string | null {
  return key === null ? null : JSON.stringify(key);
}

export function keyFromJson(json: string | null | undefined): Key | null {
  return json === null || json === undefined ? null : (JSON.parse(json) as string[]);
}

/** The same for a column that is never null. @throws UnexpectedNullError */
export function requiredKey(json: string | null): Key {
  return JSON.parse(text(json)) as string[];
}
