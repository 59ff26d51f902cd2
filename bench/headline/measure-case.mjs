import { setTimeout as pause } from 'node:timers/promises';
import { DelayProxy, roundTrip } from '../lib/delay-proxy.mjs';
import { serverProcessorSeconds } from '../lib/processor-time.mjs';
import { User, waits } from '../studies/user.mjs';
import { pendingLeads, sizeOfLeads } from '../tables/leads.mjs';
import { WAYS } from '../ways/ways.mjs';
import { inOwnProcess } from '../ways/own-process.mjs';

/**
 * What one way did to a fresh copy of its table.
 * @typedef {object} Measured
 * @property {number} seconds for all rows; extrapolated if `done` is less than all
 * @property {number} done changed rows
 * @property {number} walBytes for all rows; with users also theirs
 * @property {number} fullPages full-page images in the WAL
 * @property {number} hotShare share of heap-only updates
 * @property {number} bytesBefore table and indexes
 * @property {number} bytesAfter the same at the end, before a vacuum can give pages back
 * @property {number} checkpointSeconds what a checkpoint right after it takes: work that it left to others
 * @property {number} [serverCpuSeconds] processor time of the server for all rows, where the system tells it
 * @property {number} [clientCpuSeconds] processor time of the process that runs the way
 * @property {number} [roundTripMs] of `SELECT 1` through the slower network, median
 * @property {import('../studies/user.mjs').Waits} [during] a user's updates meanwhile
 * @property {import('../studies/user.mjs').Waits} [before] the same just before, without the way
 */

/**
 * @param {import('../lib/bench-server.mjs').BenchServer} server
 * @param {import('./cases.mjs').Case} aCase
 * @param {{ maxSeconds: number, quietMs: number }} options
 * @returns {Promise<Measured>}
 */
export async function measureCase(server, aCase, options) {
  const { table, rows, addedRoundTripMs } = aCase;
  const database = await server.fresh(rows, table);
  if (addedRoundTripMs === undefined) return measureOn(database, aCase, options);
  const network = await DelayProxy.start(database.url, addedRoundTripMs);
  try {
    const roundTripMs = await roundTrip(network.url);
    return { ...(await measureOn({ ...database, wayUrl: network.url }, aCase, options)), roundTripMs };
  } finally {
    network.close();
  }
}

/**
 * @param {import('../lib/bench-server.mjs').BenchDatabase & { wayUrl?: string }} database `wayUrl`: the address
 *   that the way connects to
 * @param {import('./cases.mjs').Case} aCase
 * @param {{ maxSeconds: number, quietMs: number }} options
 * @returns {Promise<Measured>}
 */
async function measureOn(database, { way, users, rows }, { maxSeconds, quietMs }) {
  const { client, key, url, wayUrl = url } = database;
  const child = await inOwnProcess(way, { url: wayUrl, key }, { maxSeconds });
  const user = users === 'busy' ? await User.of(database) : undefined;
  const before = user && waits(await user.during(pause(quietMs)));

  const bytesBefore = await sizeOfLeads(client);
  const [startLsn, startImages] = await wal(client);
  const startCpu = await serverProcessorSeconds(client);
  const running = child.go();
  const during = user && waits(await user.during(running));
  const { seconds, cpuSeconds: clientCpuSeconds } = await running;
  const endCpu = await serverProcessorSeconds(client);
  const bytesAfter = await sizeOfLeads(client);
  const [endLsn, endImages] = await wal(client);
  await user?.end();

  const checkpointFrom = performance.now();
  await client.query('CHECKPOINT');
  const checkpointSeconds = (performance.now() - checkpointFrom) / 1000;
  const done = rows - (await pendingLeads(client));
  if (done === 0) throw new Error(`${way} changed no row`);
  const { maxRows = rows } = /** @type {import('../ways/ways.mjs').Way} */ (WAYS[way]);
  if (done < Math.min(rows, maxRows) && seconds < maxSeconds)
    throw new Error(`${way} left ${rows - done} rows pending`);
  return {
    seconds: (seconds * rows) / done,
    done,
    walBytes: ((endLsn - startLsn) * rows) / done,
    fullPages: endImages - startImages,
    hotShare: await shareOfHeapOnlyUpdates(client, done),
    bytesBefore,
    bytesAfter,
    checkpointSeconds,
    ...(startCpu !== undefined && endCpu !== undefined
      ? { serverCpuSeconds: ((endCpu - startCpu) * rows) / done, clientCpuSeconds }
      : {}),
    ...(during && before ? { during, before } : {}),
  };
}

/** Bytes of WAL since the start of the cluster, and full-page images. @param {import('pg').Client} client */
async function wal(client) {
  const { rows } = await client.query(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes, wal_fpi::float8 AS images FROM pg_stat_wal`,
  );
  return /** @type {[number, number]} */ ([rows[0].bytes, rows[0].images]);
}

/**
 * Waits until the sessions of the way have reported their statistics, which they do when they end.
 * @param {import('pg').Client} client
 * @param {number} updates at least
 */
async function shareOfHeapOnlyUpdates(client, updates) {
  let share = NaN;
  for (let tries = 0; tries < 40; tries++) {
    const { rows } = await client.query(
      `SELECT n_tup_upd::float8 AS updates, n_tup_hot_upd::float8 AS hot FROM pg_stat_user_tables WHERE relname = 'leads'`,
    );
    share = rows[0].hot / rows[0].updates;
    if (rows[0].updates >= updates) break;
    await pause(50);
  }
  return share;
}
