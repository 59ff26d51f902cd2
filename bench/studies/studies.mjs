import { measureBloat } from './bloat.mjs';
import { measureDashboard } from './dashboard.mjs';
import { fewStatementsCost, guardCost } from './guard.mjs';
import { measureMemory } from './memory.mjs';
import { staticGuardCost } from './migrations.mjs';
import { measureProbe } from './probe.mjs';
import { measureUser } from './user.mjs';

/**
 * @typedef {object} Setting
 * @property {import('../lib/bench-server.mjs').BenchServer} server
 * @property {(rows: number) => number} size rows at this scale
 * @property {number} scale
 * @property {boolean} quick whether the scale is too small for meaningful numbers
 * @property {number} repeat
 * @property {(line: string) => void} log
 */

/**
 * The measurements that need more than the time of a way. Each runs at most once; several rows of the result
 * may read its findings.
 */
export const STUDIES = {
  guard: (/** @type {Setting} */ { server, quick }) => guardCost(server.url, { rounds: quick ? 3 : 9 }),
  fewStatements: (/** @type {Setting} */ { server, quick }) =>
    fewStatementsCost(server.url, { rounds: quick ? 20 : 400 }),

  staticGuard: async (/** @type {Setting} */ { scale }) => {
    // Below fifty files, the start of the process dominates.
    const files = Math.max(50, Math.round(1_000 * Math.min(scale, 1)));
    return { files, ...(await staticGuardCost(files)) };
  },

  memory: async (/** @type {Setting} */ { server, size, quick, repeat, log }) => ({
    small: await measureMemory(server, 'library transform', {
      rows: size(500_000),
      rounds: quick ? repeat : Math.max(3, repeat),
      log,
    }),
    large: await measureMemory(server, 'library transform', { rows: size(5_000_000), rounds: repeat, log }),
  }),

  user: (/** @type {Setting} */ { server, size, scale, quick, repeat, log }) =>
    measureUser(server, /** @type {const} */ (['library defaults', 'library pause 0']), {
      rows: size(500_000),
      rounds: quick ? repeat : repeat + 3,
      quietMs: quick ? 500 : Math.max(2_000, 5_000 * Math.min(1, scale)),
      log,
    }),

  probe: (/** @type {Setting} */ { server, size, log }) =>
    measureProbe(server, { rows: size(5_000_000), log }),

  dashboard: (/** @type {Setting} */ { server, size, log }) =>
    measureDashboard(server, { rows: size(20_000), log }),

  bloat: (/** @type {Setting} */ { server, size, log }) =>
    measureBloat(server, /** @type {const} */ (['one UPDATE', 'library defaults', 'library pause 0']), {
      rows: size(1_000_000),
      log,
    }),
};

/** @typedef {{ [Name in keyof typeof STUDIES]: Awaited<ReturnType<typeof STUDIES[Name]>> }} Findings */
