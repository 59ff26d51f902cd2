import { text } from '../postgres/decoders.js';

/** A row's key: one text an element of the primary key, in its order. */
export type Key = readonly string[];

/** Which rows a run is about: those of some tenants, sorted, or all. */
export type TenantScope = readonly string[] | null;

/** Whose leases are meant: those of one scope, or those of the backfill in whatever scope. */
export type LeaseScope = TenantScope | 'every';

/** A range of keys that this process holds a lease on. */
export interface LeasedRange {
  readonly id: string;
  readonly purpose: 'sweep' | 'retry';
  readonly state: 'sweeping' | 'settling';
  /** Proves that the lease is still ours: whoever takes the range over raises it. */
  readonly token: string;
  readonly tenants: TenantScope;
  /** Exclusive. */
  readonly lower: Key | null;
  /** Inclusive. */
  readonly upper: Key | null;
  readonly cursor: Key | null;
  /** Exclusive. */
  readonly windowLower: Key | null;
  /** Inclusive; null before the first window was opened. */
  readonly windowUpper: Key | null;
}

/** Somebody else's lease. */
export interface ForeignLease {
  readonly owner: string;
  /** Milliseconds until it expires, by the database's clock. */
  readonly expiresInMs: number;
  /** Changes whenever the holder gives a sign of life. */
  readonly sign: string;
}

/** Who is at work, and which unfinished ranges of one scope are free, in one look. */
export interface LeaseSnapshot {
  /** The living leases as `leaseSign` writes them, in the order of their ranges. */
  readonly leases: readonly string[];
  /** The ids of the ranges that nobody holds. */
  readonly free: readonly string[];
}

/** Tells a lease from every other one, also from those before and after it on the same range. */
export function leaseId({ id, token }: Pick<LeasedRange, 'id' | 'token'>): string {
  return `${id}/${token}`;
}

export function keyToJson(key: Key | null): string | null {
  return key === null ? null : JSON.stringify(key);
}

export function keyFromJson(json: string | null | undefined): Key | null {
  return json === null || json === undefined ? null : (JSON.parse(json) as string[]);
}

/** The same where the column is not null. @throws UnexpectedNullError */
export function requiredKey(json: string | null): Key {
  return JSON.parse(text(json)) as string[];
}
