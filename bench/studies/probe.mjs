import { setTimeout as pause } from 'node:timers/promises';
import { NAME, backfill, withApplication } from '../ways/application.mjs';
import { median } from '../report/numbers.mjs';

const PROBES = 101;
const INDEX = 'leads_pending';

/**
 * Measures a probe of a complete backfill. The index of its predicate exists from the start, as in a
 * deployment, so every row has been in it. After the run the table is vacuumed and analysed, as
 * autovacuum does soon after a run.
 *
 * @param {import('../lib/bench-server.mjs').BenchServer} server
 * @param {{ rows: number, log: (line: string) => void }} options
 * @returns {Promise<{ firstMs: number, medianMs: number, slowestMs: number, sequentialScans: number }>}
 *   `firstMs`: the first probe after the run, before a vacuum
 */
export async function measureProbe(server, { rows, log }) {
  const database = await server.fresh(rows);
  const { client, url } = database;
  await client.query(`CREATE INDEX ${INDEX} ON leads (id) WHERE search_name IS NULL`);
  await backfill('set', { pause: 0, workers: 2 })(database);
  const [firstMs = NaN] = await probes(url, 1);
  await client.query('VACUUM (ANALYZE) leads');
  const before = await scans(client);
  const taken = await probes(url, PROBES);
  const after = await scansOnceReported(client, before.index + PROBES);
  const found = {
    firstMs,
    medianMs: median(taken),
    slowestMs: Math.max(...taken),
    sequentialScans: after.sequential - before.sequential,
  };
  log(
    `a probe: median ${found.medianMs.toFixed(2)} ms, slowest ${found.slowestMs.toFixed(2)} ms, ` +
      `first after the run ${firstMs.toFixed(1)} ms, ${found.sequentialScans} sequential scans`,
  );
  return found;
}

/**
 * @param {string} url
 * @param {number} times
 * @returns {Promise<number[]>} milliseconds of each, in a running application
 */
function probes(url, times) {
  return withApplication({ url, key: 'bigint', kind: 'set', pace: {} }, async (service) => {
    const taken = [];
    for (let n = 0; n < times; n++) {
      const startedAt = performance.now();
      const { complete } = await service.prove(NAME);
      taken.push(performance.now() - startedAt);
      if (!complete) throw new Error('The probe found a pending row in a complete table');
    }
    return taken;
  });
}

/** @param {import('pg').Client} client */
async function scans(client) {
  const { rows } = await client.query(
    `SELECT t.seq_scan::float8 AS sequential, i.idx_scan::float8 AS index
     FROM pg_stat_user_tables t JOIN pg_stat_user_indexes i USING (relid) WHERE t.relname = 'leads' AND i.indexrelname = $1`,
    [INDEX],
  );
  return /** @type {{ sequential: number, index: number }} */ (rows[0]);
}

/**
 * Waits until the sessions of the probes have reported their statistics, which they do when they end.
 * @param {import('pg').Client} client
 * @param {number} atLeast
 */
async function scansOnceReported(client, atLeast) {
  for (let tries = 0; tries < 100; tries++) {
    const found = await scans(client);
    if (found.index >= atLeast) return found;
    await pause(50);
  }
  return scans(client);
}
