import { sizeOfLeads } from '../tables/leads.mjs';
import { WAYS } from '../ways/ways.mjs';

/**
 * Autovacuum checks every second instead of every minute, because a run here takes seconds instead of many
 * minutes. The settings are the same for all ways.
 */
const SETTINGS = { autovacuum: 'on', autovacuum_naptime: '1s' };

/** @typedef {{ growth: number, seconds: number }} Bloat `growth`: share of the size before */

/**
 * The growth of the table and its indexes at the end of a way, with autovacuum on. A later vacuum makes the
 * space inside the files free again, but does not make the files smaller.
 *
 * @template {import('../ways/ways.mjs').WayName} Name
 * @param {import('../lib/bench-server.mjs').BenchServer} server
 * @param {readonly Name[]} ways
 * @param {{ rows: number, log: (line: string) => void }} options
 * @returns {Promise<Record<Name, Bloat>>}
 */
export function measureBloat(server, ways, { rows, log }) {
  return server.withSettings(SETTINGS, async () => {
    /** @type {Record<string, Bloat>} */
    const found = {};
    for (const way of ways) {
      const database = await server.fresh(rows);
      const before = await sizeOfLeads(database.client);
      const startedAt = performance.now();
      await WAYS[way].run(database);
      const taken = (performance.now() - startedAt) / 1000;
      const growth = (await sizeOfLeads(database.client)) / before - 1;
      log(`${way}, autovacuum on: the table grew by ${(100 * growth).toFixed(0)} % in ${taken.toFixed(1)} s`);
      found[way] = { growth, seconds: taken };
    }
    return /** @type {Record<Name, Bloat>} */ (found);
  });
}
