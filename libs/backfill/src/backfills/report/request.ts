import type { BackfillObserver } from './observer.js';

/** Which backfills to run, and how far. */
export interface RunRequest {
  /** Names; all that are declared when left out. What they depend on is not added, but must be complete. */
  readonly names?: readonly string[];
  /** Only the rows of these tenants. The whole is never marked complete by such a run. */
  readonly tenants?: readonly string[];
  /** Milliseconds after which the run stops with work left. */
  readonly maxDurationMs?: number;
  /** Milliseconds for which a lost database is waited for before the run ends. @default 60_000 */
  readonly connectTimeoutMs?: number;
  /** Try the rows in quarantine again. */
  readonly retryQuarantined?: boolean;
  /** Asks the run to stop: the batch in hand is finished, the reason recorded. `signal.reason` is told, e.g. `SIGTERM`. */
  readonly signal?: AbortSignal;
  /** Milliseconds that the batch in hand gets after `signal`, before the server is asked to cancel it. @default 3_000 */
  readonly cancelAfterMs?: number;
  /** Milliseconds after `signal` at which the run's connections are broken off, whatever it is doing: for a pool that is to be closed. @default never */
  readonly abandonAfterMs?: number;
  /** Asked between batches: a sentence that says why stops the run there, null lets it go on. */
  readonly stopWhen?: () => string | null;
  readonly observer?: BackfillObserver;
}
