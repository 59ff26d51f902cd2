import pg from 'pg';
import { WAYS } from './ways.mjs';

/**
 * One way of changing the table in a process of its own: `node child.mjs WAY URL`. It says when it is ready, begins when it is
 * told, and tells at the end how much memory it had.
 *
 * @typedef {{ seconds: number, startMib: number, peakMib: number }} Finished
 */

const [way = '', url = ''] = process.argv.slice(2);
const found = WAYS[/** @type {import('./ways.mjs').WayName} */ (way)];
const client = new pg.Client({ connectionString: url });
await client.connect();
process.once('message', () => void go());
process.send?.('ready');

async function go() {
  const startMib = process.memoryUsage().rss / 2 ** 20;
  const startedAt = performance.now();
  await found.run({ client, url });
  const seconds = (performance.now() - startedAt) / 1000;
  await client.end();
  // The high-water mark that the operating system keeps: no sample is missed.
  const peakMib = process.resourceUsage().maxRSS / 1024;
  process.send?.({ seconds, startMib, peakMib }, () => process.disconnect());
}
