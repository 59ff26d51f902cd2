import { bloat, comparison, longest, p99, reading } from './measurement.mjs';
import { milliseconds } from '../report/numbers.mjs';
import { guardMeasurements } from './guard-measurements.mjs';

const FIXED = 'library 200 rows a batch';
const ADAPTIVE = 'library pause 0';
const TWO_WORKERS = 'library 2 workers';
const LOOP = 'predicate-only loop';

/**
 * Every measurement of the bench, in order. Sizes are those of the full scale.
 * @param {(rows: number) => number} size
 */
export function measurements(size) {
  const [tenth, half, million, five] = [size(100_000), size(500_000), size(1_000_000), size(5_000_000)];
  /** @param {import('../ways/ways.mjs').WayName} way @param {number} rows @returns {import('./times.mjs').Cell} */
  const cell = (way, rows) => ({ way, rows });
  /** @param {import('../ways/ways.mjs').WayName} way @param {number} rows @returns {import('./times.mjs').Cell} */
  const keyAlone = (way, rows) => ({ way, rows, table: 'leads, key alone' });

  return [
    // First, because the parser must not be loaded before a migration has run in this process.
    ...guardMeasurements(),

    comparison({
      what: 'set, 1 worker, 200 rows a batch, no pause, against one UPDATE of 1,000,000 rows, time',
      by: 'time',
      of: cell(FIXED, million),
      against: cell('one UPDATE', million),
      bound: 'most',
      target: 1.35,
      formerly: 1.6,
    }),
    comparison({
      what: 'set, 1 worker, adaptive, no pause, against one UPDATE, time',
      by: 'time',
      of: cell(ADAPTIVE, million),
      against: cell('one UPDATE', million),
      bound: 'most',
      target: 1.15,
    }),
    comparison({
      what: 'set, 2 workers, adaptive, no pause, against one UPDATE, time',
      by: 'time',
      of: cell(TWO_WORKERS, million),
      against: cell('one UPDATE', million),
      bound: 'most',
      target: 0.75,
    }),
    comparison({
      what: 'a server with metrics and an open page of the dashboard against one without, 1,000,000 rows, time',
      by: 'time',
      of: cell('library in a server, observed', million),
      against: cell('library in a server', million),
      bound: 'most',
      target: 1.02,
    }),
    comparison({
      what: 'rows/s at 1,000,000 rows against 100,000, 200 rows a batch',
      by: 'speed',
      of: cell(FIXED, million),
      against: cell(FIXED, tenth),
      bound: 'least',
      target: 0.9,
    }),
    comparison({
      what: 'rows/s at 5,000,000 rows against 500,000, adaptive',
      by: 'speed',
      of: cell(ADAPTIVE, five),
      against: cell(ADAPTIVE, half),
      bound: 'least',
      target: 0.9,
    }),
    comparison({
      what: 'set, 1 worker, adaptive, against the predicate-only loop at 500,000 rows, speed',
      by: 'speed',
      of: cell(ADAPTIVE, half),
      against: cell(LOOP, half),
      bound: 'least',
      target: 6,
      formerly: 4,
    }),
    comparison({
      what: 'set, 1 worker, 200 rows a batch, against the predicate-only loop at 500,000 rows, speed',
      by: 'speed',
      of: cell(FIXED, half),
      against: cell(LOOP, half),
      bound: 'least',
      target: 6,
      formerly: 4,
    }),
    comparison({
      what: 'set, 2 workers, adaptive, against the predicate-only loop at 500,000 rows, speed',
      by: 'speed',
      of: cell(TWO_WORKERS, half),
      against: cell(LOOP, half),
      bound: 'least',
      target: 6,
      formerly: 4,
    }),
    comparison({
      what: 'a table whose only index is its key: set, 1 worker, 200 rows a batch, against the predicate-only loop, speed',
      by: 'speed',
      of: keyAlone(FIXED, half),
      against: keyAlone(LOOP, half),
      bound: 'least',
      target: 6,
      formerly: 4,
    }),
    comparison({
      what: 'a table whose only index is its key: set, 1 worker, adaptive, against the predicate-only loop, speed',
      by: 'speed',
      of: keyAlone(ADAPTIVE, half),
      against: keyAlone(LOOP, half),
      bound: 'least',
      target: 6,
      formerly: 4,
    }),
    comparison({
      what: 'a table whose only index is its key: set, 2 workers, adaptive, against the predicate-only loop, speed',
      by: 'speed',
      of: keyAlone(TWO_WORKERS, half),
      against: keyAlone(LOOP, half),
      bound: 'least',
      target: 6,
      formerly: 4,
    }),
    comparison({
      what: 'a table whose only index is its key: set, 1 worker, 200 rows a batch, against one UPDATE of 500,000 rows, time',
      by: 'time',
      of: keyAlone(FIXED, half),
      against: keyAlone('one UPDATE', half),
    }),
    comparison({
      what: 'a table whose only index is its key: the predicate-only loop against one UPDATE of 500,000 rows, time',
      by: 'time',
      of: keyAlone(LOOP, half),
      against: keyAlone('one UPDATE', half),
    }),
    comparison({
      what: 'transform with a trivial function against set, both adaptive, speed',
      by: 'speed',
      of: cell('library transform', half),
      against: cell(ADAPTIVE, half),
      bound: 'least',
      target: 0.6,
      formerly: 0.4,
    }),
    reading({
      what: 'memory of a transform run at 5,000,000 rows against 500,000, peak of the process',
      unit: '×',
      bound: 'most',
      target: 1.25,
      study: 'memory',
      read: ({ small, large }) => ({
        value: large.peakMib / small.peakMib,
        detail:
          `${large.peakMib.toFixed(0)} against ${small.peakMib.toFixed(0)} MiB; above the start ` +
          `${(large.peakMib - large.startMib).toFixed(0)} against ${(small.peakMib - small.startMib).toFixed(0)} MiB`,
      }),
    }),

    reading({
      what: "a user's point updates during set with its defaults, p99, compared with no backfill",
      unit: '×',
      bound: 'most',
      target: 1.5,
      formerly: 3,
      study: 'user',
      read: (found) => p99(found['library defaults'], found.none),
    }),
    reading({
      what: "a user's point updates during set with its defaults, the longest wait",
      unit: 'ms',
      bound: 'most',
      target: 50,
      study: 'user',
      read: (found) => longest(found['library defaults'], found.none),
    }),
    reading({
      what: "a user's point updates during set, adaptive, no pause, p99, compared with no backfill",
      unit: '×',
      bound: 'most',
      target: 3,
      study: 'user',
      read: (found) => p99(found[ADAPTIVE], found.none),
    }),
    reading({
      what: "a user's point updates during set, adaptive, no pause, the longest wait",
      unit: 'ms',
      study: 'user',
      read: (found) => longest(found[ADAPTIVE], found.none),
    }),

    reading({
      what: 'the first page of the dashboard, 200 backfills and 20,000 tenants, median',
      unit: 'ms',
      bound: 'under',
      target: 100,
      study: 'dashboard',
      read: ({ medianMs, slowestMs }) => ({ value: medianMs, detail: `slowest ${milliseconds(slowestMs)}` }),
    }),
    reading({
      what: 'the first page of the dashboard, 200 backfills and 20,000 tenants, size',
      unit: 'KB',
      bound: 'under',
      target: 150,
      study: 'dashboard',
      read: ({ bytes, tenants }) => ({ value: bytes / 1000, detail: `${tenants} tenants` }),
    }),

    reading({
      what: 'a catch-up probe of a complete backfill at 5,000,000 rows, with its index, median',
      unit: 'ms',
      bound: 'under',
      target: 5,
      study: 'probe',
      read: ({ medianMs, slowestMs }) => ({ value: medianMs, detail: `slowest ${milliseconds(slowestMs)}` }),
    }),
    reading({
      what: 'sequential scans of the table by these probes',
      unit: '',
      bound: 'most',
      target: 0,
      study: 'probe',
      read: ({ sequentialScans }) => ({
        value: sequentialScans,
        detail: 'as pg_stat_user_tables counts them',
      }),
    }),
    reading({
      what: 'the first probe right after the run, before any vacuum',
      unit: 'ms',
      study: 'probe',
      read: ({ firstMs }) => ({
        value: firstMs,
        detail: 'the index still holds an entry for every changed row',
      }),
    }),

    reading({
      what: 'growth of the table and its indexes, autovacuum on: set with its defaults against one UPDATE',
      unit: '×',
      bound: 'under',
      target: 1,
      study: 'bloat',
      read: (found) => bloat(found['library defaults'], found['one UPDATE']),
    }),
    reading({
      what: 'the same: set, 1 worker, adaptive, no pause, against one UPDATE',
      unit: '×',
      study: 'bloat',
      read: (found) => bloat(found[ADAPTIVE], found['one UPDATE']),
    }),

    comparison({
      what: "for comparison: set, adaptive, against pgroll's way at 500,000 rows, speed",
      by: 'speed',
      of: cell(ADAPTIVE, half),
      against: cell("pgroll's way", half),
    }),
    comparison({
      what: "for comparison: set, adaptive, against online_migrations' way without its pause, speed",
      by: 'speed',
      of: cell(ADAPTIVE, half),
      against: cell("online_migrations' way, no pause", half),
    }),
    comparison({
      what: "for comparison: set, adaptive, no pause, against online_migrations' way with its pause of 100 ms, speed",
      by: 'speed',
      of: cell(ADAPTIVE, half),
      against: cell("online_migrations' way", half),
      note: 'the latter measured on 3,000 rows and extrapolated',
    }),
    comparison({
      what: "for comparison: set with its defaults against online_migrations' way with its pause of 100 ms, speed",
      by: 'speed',
      of: cell('library defaults', half),
      against: cell("online_migrations' way", half),
      note: 'the latter measured on 3,000 rows and extrapolated',
    }),
  ];
}
