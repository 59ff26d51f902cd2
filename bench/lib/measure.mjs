import { buildLeads, pendingLeads } from './table.mjs';

/**
 * The seconds that a way takes on a freshly built table. A way that leaves rows undone has no time.
 * @param {import('./ways.mjs').Bench} bench
 * @param {number} rows
 * @param {(bench: import('./ways.mjs').Bench) => Promise<void>} way
 */
export async function seconds(bench, rows, way) {
  await buildLeads(bench.client, rows);
  const startedAt = performance.now();
  await way(bench);
  const taken = (performance.now() - startedAt) / 1000;
  const pending = await pendingLeads(bench.client);
  if (pending > 0) throw new Error(`${pending} rows were left undone`);
  return taken;
}

/**
 * Peak of the process's resident memory while a way runs, in MiB above what it had before.
 * @param {() => Promise<unknown>} work
 */
export async function memoryOf(work) {
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 20);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return (peak - before) / 2 ** 20;
}

/**
 * Runs point updates of random rows, as a user's clicks would, until told to stop.
 * @param {import('pg').Client} client
 * @param {number} rows
 * @param {Promise<unknown>} until
 * @returns {Promise<number[]>} milliseconds of each, sorted
 */
export async function pointUpdates(client, rows, until) {
  let running = true;
  const stop = () => (running = false);
  until.then(stop, stop);
  const taken = [];
  while (running) {
    const id = 1 + Math.floor(Math.random() * rows);
    const startedAt = performance.now();
    await client.query('UPDATE leads SET updated_at = now() WHERE id = $1', [id]);
    taken.push(performance.now() - startedAt);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return taken.sort((a, b) => a - b);
}

/** @param {number[]} sorted @param {number} share */
export function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** @param {number[]} values */
export function median(values) {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
