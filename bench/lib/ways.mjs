import { backfill } from './application.mjs';
import { onlineMigrationsWay, oneUpdate, pgrollWay, predicateOnlyLoop } from './other-ways.mjs';

/** Rows that the paused way is measured on: 100 ms for every 100 rows is 8 minutes for 500,000, each like the other. */
const PAUSED_ROWS = 3_000;

/**
 * @typedef {object} Way
 * @property {(scene: { client: import('pg').Client, url: string }) => Promise<void>} run changes the table
 * @property {number} [most] rows that it stops after: its time for the whole is worked out from these
 */

/** Every way of changing the table that is measured. All compute the same value. */
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
  "online_migrations' way": { run: onlineMigrationsWay(100, PAUSED_ROWS), most: PAUSED_ROWS },
});

/** @typedef {keyof typeof WAYS} WayName */
