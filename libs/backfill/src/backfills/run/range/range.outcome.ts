import type { HeldByPerson } from '../gate/held-by-person.js';

/** Why a worker left its range. */
export type RangeOutcome =
  | { readonly kind: 'done' }
  /** Another process has taken over the range, and reports its outcome. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'stopped'; readonly reason: string; readonly waitingFor: string | null }
  /** A person paused or cancelled the backfill. The ledger has this status already. */
  | ({ readonly kind: 'held' } & HeldByPerson)
  /** This process needs fewer workers now. Another worker takes the range. */
  | { readonly kind: 'dismissed' }
  /** All processes together have more workers than allowed. */
  | { readonly kind: 'surplus' }
  | { readonly kind: 'failed'; readonly error: unknown };
