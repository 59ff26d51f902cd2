/** What can be asked of a line. @typedef {'time' | 'wal' | 'growth' | 'p99' | 'longest'} Asked */

/**
 * The targets on PostgreSQL's defaults: the most that a number may be. `time` and `wal` are shares of one
 * UPDATE's, `growth` is a share of the size before, `p99` is compared with no backfill, `longest` is in
 * milliseconds.
 * @type {Record<string, Partial<Record<Asked, number>>>} by the name of the case
 */
export const ASKED = {
  'uuid: library pause 0': { time: 0.6, wal: 0.85, growth: 0.35 },
  'uuid: library 2 workers': { time: 0.42, wal: 0.85, growth: 0.35 },
  'uuid: library defaults': { time: 1 },
  'uuid: library transform': { time: 0.9 },
  'uuid: library defaults, with users': { p99: 1.5, longest: 50 },
  'bigint: library pause 0': { time: 0.7, wal: 0.6, growth: 0.2 },
  'bigint: library 2 workers': { time: 0.5, wal: 0.6, growth: 0.2 },
  'bigint: library defaults': { time: 1 },
  'bigint: library defaults, with users': { p99: 1.5, longest: 50 },
};
