import { text } from '../postgres/decoders.js';
import type { TableFile } from './pages/table-file.js';

/** The key of a row: the columns of the primary key as text, in the order of the primary key. */
export type Key = readonly string[];

/** The tenants of a run, sorted; null: all rows. */
export type TenantScope = readonly string[] | null;

/** Selects leases: those of the runs with exactly this tenant scope, or `every` lease of the backfill. */
export type LeaseScope = TenantScope | 'every';

/** A range of keys or of pages that this process holds a lease on. */
export interface LeasedRange {
  readonly id: string;
  /**
   * The file whose pages the range consists of; null for a range of keys. The bounds and the cursor of a range
   * of pages are positions (see `PagePosition`) instead of keys.
   */
  readonly file: TableFile | null;
  readonly purpose: 'sweep' | 'retry';
  readonly state: 'sweeping' | 'settling';
  /**
   * The fencing token. If another process takes the range, it raises the token, and this one cannot commit.
   */
  readonly token: string;
  readonly tenants: TenantScope;
  /** Exclusive; null: the start of the table. */
  readonly lower: Key | null;
  /** Inclusive; null only for a retry, which has no keys to sweep. */
  readonly upper: Key | null;
  /** The last key that the sweep has passed; null: none yet. */
  readonly cursor: Key | null;
  /** Exclusive. */
  readonly windowLower: Key | null;
  /** Inclusive; null before the first window is opened. */
  readonly windowUpper: Key | null;
  /** Rows that committed batches of the range have changed, in this and earlier runs. */
  readonly updated: number;
}

/** A lease as other processes see it. */
export interface ForeignLease {
  readonly owner: string;
  /** Milliseconds until the lease expires, by the database's clock; 0 if it has expired. */
  readonly expiresInMs: number;
  /** A text that changes with every renewal. */
  readonly renewal: string;
}

/** The leases of a backfill and the free ranges of one scope, read at the same time. */
export interface LeaseSnapshot {
  /** The `leaseId` of every lease that has not expired, in the order of the ranges. */
  readonly leases: readonly string[];
  /** The ids of the free ranges. */
  readonly free: readonly string[];
}

/** The id of a lease. Each new lease on a range has another id. */
export function leaseId({ id, token }: Pick<LeasedRange, 'id' | 'token'>): string {
  return `${id}/${token}`;
}

export function keyToJson(key: Key | null): string | null {
  return key === null ? null : JSON.stringify(key);
}

export function keyFromJson(json: string | null | undefined): Key | null {
  return json === null || json === undefined ? null : (JSON.parse(json) as string[]);
}

/** Reads a key from a column that is never null. @throws UnexpectedNullError if it is null */
export function requiredKey(json: string | null): Key {
  return JSON.parse(text(json)) as string[];
}
