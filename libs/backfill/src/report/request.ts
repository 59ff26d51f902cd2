import type { BackfillObserver } from './observer.js';

/**
 * Selects the backfills of a run, and defines when it stops.
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
  /**
   * Names of backfills that run before the others, after what they depend on. One-shot mode names those that pending
   * migrations require.
   * @default none
   */
  readonly first?: readonly string[];
  /**
   * Milliseconds after which the run stops with work left. Several backfills share the time, so that a slow one does
   * not keep the others from their turn.
   * @default no limit
   */
  readonly maxDurationMs?: number;
  /** Milliseconds that the run waits for an unreachable database. @default 60_000 */
  readonly connectTimeoutMs?: number;
  /** Retry the rows in quarantine. @default false */
  readonly retryQuarantined?: boolean;
  /**
   * Retry only these rows in quarantine, by their keys: one text per key column, e.g. `[['42']]`. `names` must then have
   * one name.
   * @default none
   */
  readonly retryKeys?: readonly (readonly string[])[];
  /**
   * Asks the run to stop after the current batch. `signal.reason`, e.g. `SIGTERM`, is recorded as the reason.
   * @default never
   */
  readonly signal?: AbortSignal;
  /** Milliseconds after `signal` at which the server is asked to cancel the current batch. @default 3_000 */
  readonly cancelAfterMs?: number;
  /**
   * Milliseconds after `signal` at which the run closes its connections, even during a batch. Use it if the
   * connection pool is closed soon after `signal`.
   * @default never
   */
  readonly abandonAfterMs?: number;
  /**
   * Called between batches. If it returns a sentence, the run stops and records the sentence as the reason;
   * null continues the run.
   * @default never stops
   */
  readonly stopWhen?: () => string | null;
  /**
   * Predict the first run of each backfill of a table of at least 32 MB, and compare in the report. That takes
   * one or two seconds. One-shot mode does it.
   * @default false
   */
  readonly predict?: boolean;
  /** Receives the events of the run. @default none */
  readonly observer?: BackfillObserver;
}
