import type { HeldByPerson } from '../gate/batch.gate.js';

/** How a range was left. */
export type RangeOutcome =
  | { readonly kind: 'done' }
  /** Another process has it now, and says how it ends. */
  | { readonly kind: 'lost'; readonly reason: string }
  | { readonly kind: 'stopped'; readonly reason: string; readonly waitingFor: string | null }
  /** A person has paused or cancelled it; the ledger says so already. */
  | ({ readonly kind: 'held' } & HeldByPerson)
  /** Fewer workers are wanted: another one takes it. */
  | { readonly kind: 'dismissed' }
  /** More are at work, over all processes, than may be. */
  | { readonly kind: 'surplus' }
  | { readonly kind: 'failed'; readonly error: unknown };
