import type { HeldByPerson } from '../gate/held-by-person.js';

/** The reason why a worker left its range. */
export type RangeOutcome =
  | { readonly kind: 'done' }
  /** Another process has taken over the range and reports the outcome. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'stopped'; readonly reason: string; readonly waitingFor: string | null }
  /** A person paused or cancelled the backfill. The ledger already has this status. */
  | ({ readonly kind: 'held' } & HeldByPerson)
  /** The number of workers in this process was lowered. Another worker takes the range. */
  | { readonly kind: 'dismissed' }
  /** The processes together have more workers than allowed. Another worker takes the range. */
  | { readonly kind: 'surplus' }
  | { readonly kind: 'failed'; readonly error: unknown };
