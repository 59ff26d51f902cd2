import { backfill } from './application.mjs';
import {
  handWrittenLoop,
  onlineMigrationsWay,
  oneUpdate,
  pgrollWay,
  predicateOnlyLoop,
} from './other-ways.mjs';
import { operatedBackfill } from './operated.mjs';
import { pageRanges } from './page-ranges.mjs';

/** The paused way is measured on this many rows: 100 ms per 100 rows would take 8 minutes for 500,000. */
const PAUSED_ROWS = 3_000;

/**
 * The table that a way changes.
 * @typedef {object} WayDatabase
 * @property {import('pg').Client} client
 * @property {string} url
 * @property {import('../tables/leads.mjs').Key} key
 * @property {() => boolean} [isLate] true when a way that may be too slow for the whole table shall stop
 */

/**
 * @typedef {object} Way
 * @property {(database: WayDatabase) => Promise<void>} run changes the table
 * @property {number} [maxRows] it stops after this many rows; the time for all rows is extrapolated
 */

/**
 * Every measured way. All compute the same value. The options of a library's way are options of `@Backfill`,
 * so a new way is one line here.
 */
export const WAYS = /** @satisfies {Record<string, Way>} */ ({
  'one UPDATE': { run: oneUpdate },
  'library pause 0': { run: backfill('set', { pause: 0 }) },
  'library 2 workers': { run: backfill('set', { pause: 0, workers: 2 }) },
  'library defaults': { run: backfill('set', {}) },
  'library transform': { run: backfill('transform', { pause: 0 }) },
  'library 200 rows a batch': { run: backfill('set', { batchSize: 200, pause: 0 }) },
  'library in a server': { run: operatedBackfill('unobserved', { pause: 0 }) },
  'library in a server, observed': { run: operatedBackfill('observed', { pause: 0 }) },
  'TID ranges of 64 pages': { run: pageRanges(64) },
  "pgroll's way": { run: pgrollWay },
  "online_migrations' way, no pause": { run: onlineMigrationsWay(0) },
  "online_migrations' way": { run: onlineMigrationsWay(100, PAUSED_ROWS), maxRows: PAUSED_ROWS },
  'hand-written loop': { run: handWrittenLoop },
  'predicate-only loop': { run: predicateOnlyLoop },
});

/** @typedef {keyof typeof WAYS} WayName */
