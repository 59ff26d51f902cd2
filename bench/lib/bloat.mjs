import { sizeOfLeads } from './leads.mjs';
import { WAYS } from './ways.mjs';

/**
 * Autovacuum checks every second instead of every minute, because a run here takes seconds instead of many
 * minutes. The same for all ways.
 */
const SETTINGS = { autovacuum: 'on', autovacuum_naptime: '1s' };

/** @typedef {{ growth: number, seconds: number }} Bloat `growth`: share of the size before */

/**
 * The growth of the table and its indexes at the end of a way, with autovacuum on. A later vacuum frees space
 * inside the files, not the files.
 *
 * @template {import('./ways.mjs').WayName} Name
 * @param {import('./stage.mjs').Stage} stage
 * @param {readonly Name[]} ways
 * @param {{ rows: number, log: (line: string) => void }} options
 * @returns {Promise<Record<Name, Bloat>>}
 */
export function measureBloat(stage, ways, { rows, log }) {
  return stage.withSettings(SETTINGS, async () => {
    /** @type {Record<string, Bloat>} */
    const found = {};
    for (const way of ways) {
      const scene = await stage.fresh(rows);
      const before = await sizeOfLeads(scene.client);
      const startedAt = performance.now();
      await WAYS[way].run(scene);
      const taken = (performance.now() - startedAt) / 1000;
      const growth = (await sizeOfLeads(scene.client)) / before - 1;
      log(`${way}, autovacuum on: the table grew by ${(100 * growth).toFixed(0)} % in ${taken.toFixed(1)} s`);
      found[way] = { growth, seconds: taken };
    }
    return /** @type {Record<Name, Bloat>} */ (found);
  });
}
