import pg from 'pg';
import { WAYS } from './ways.mjs';

/**
 * Runs one way in its own process: `node child.mjs WAY URL KEY SECONDS`. It sends `ready`, starts when it
 * receives a message, and at the end sends its time, its processor time and its memory. After SECONDS, a way that can stop stops.
 *
 * @typedef {{ seconds: number, cpuSeconds: number, startMib: number, peakMib: number }} Finished
 */

const [way = '', url = '', key = '', limit = ''] = process.argv.slice(2);
const found = WAYS[/** @type {import('./ways.mjs').WayName} */ (way)];
const client = new pg.Client({ connectionString: url });
await client.connect();
process.once('message', () => void go());
process.send?.('ready');

async function go() {
  const startMib = process.memoryUsage().rss / 2 ** 20;
  const startedAt = performance.now();
  const startCpu = process.cpuUsage();
  const isLate = () => performance.now() - startedAt > 1000 * Number(limit);
  await found.run({ client, url, key: /** @type {import('../tables/leads.mjs').Key} */ (key), isLate });
  const seconds = (performance.now() - startedAt) / 1000;
  await client.end();
  const { user, system } = process.cpuUsage(startCpu);
  const cpuSeconds = (user + system) / 1e6;
  // The operating system keeps the peak, so no sample is missed.
  const peakMib = process.resourceUsage().maxRSS / 1024;
  process.send?.({ seconds, cpuSeconds, startMib, peakMib }, () => process.disconnect());
}
