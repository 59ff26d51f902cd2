import { backfill } from './application.mjs';
import { onlineMigrationsWay, oneUpdate, pgrollWay, predicateOnlyLoop } from './other-ways.mjs';

/** The paused way is measured on this many rows: 100 ms per 100 rows would take 8 minutes for 500,000. */
const PAUSED_ROWS = 3_000;

/**
 * @typedef {object} Way
 * @property {(database: { client: import('pg').Client, url: string }) => Promise<void>} run changes the table
 * @property {number} [maxRows] it stops after this many rows; the time for all rows is extrapolated
 */

/** Every measured way. All compute the same value. */
export const WAYS = /** @satisfies {Record<string, Way>} */ ({
  'one UPDATE': { run: oneUpdate },
  'set, 200 rows a batch': { run: backfill('set', { batchSize: 200, pause: 0 }) },
  'set, adaptive': { run: backfill('set', { pause: 0 }) },
  'set, adaptive, 2 workers': { run: backfill('set', { pause: 0, workers: 2 }) },
  'set, defaults': { run: backfill('set', {}) },
  'transform, adaptive': { run: backfill('transform', { pause: 0 }) },
  'predicate-only loop': { run: predicateOnlyLoop },
  "pgroll's way": { run: pgrollWay },
  "online_migrations' way, no pause": { run: onlineMigrationsWay(0) },
  "online_migrations' way": { run: onlineMigrationsWay(100, PAUSED_ROWS), maxRows: PAUSED_ROWS },
});

/** @typedef {keyof typeof WAYS} WayName */
