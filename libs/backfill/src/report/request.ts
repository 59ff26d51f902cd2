import type { BackfillObserver } from './observer.js';

/**
 * Which backfills to run, and when to stop.
 *
 * @publicApi
 */
export interface RunRequest {
  /**
   * Names of backfills. Dependencies are not added; they must be complete.
   * @default all declared backfills
   */
  readonly names?: readonly string[];
  /**
   * Run for the rows of these tenants only. Such a run never makes the backfill complete.
   * @default all rows
   */
  readonly tenants?: readonly string[];
  /** Milliseconds after which the run stops with work left. @default no limit */
  readonly maxDurationMs?: number;
  /** Milliseconds that the run waits for a database that is unreachable. @default 60_000 */
  readonly connectTimeoutMs?: number;
  /** Retry the rows in quarantine. @default false */
  readonly retryQuarantined?: boolean;
  /**
   * Asks the run to stop after the current batch. `signal.reason`, e.g. `SIGTERM`, is recorded as the reason.
   * @default never
   */
  readonly signal?: AbortSignal;
  /** Milliseconds after `signal` at which the server is asked to cancel the current batch. @default 3_000 */
  readonly cancelAfterMs?: number;
  /**
   * Milliseconds after `signal` at which the run closes its connections, whatever it is doing; for a pool
   * that is about to be closed.
   * @default never
   */
  readonly abandonAfterMs?: number;
  /**
   * Called between batches. A returned sentence stops the run and is recorded as the reason; null lets it
   * continue.
   */
  readonly stopWhen?: () => string | null;
  /** Receives the events of the run. @default none */
  readonly observer?: BackfillObserver;
}
