import { count } from '../report/numbers.mjs';
import { inOwnProcess } from '../ways/own-process.mjs';

/** @typedef {{ startMib: number, peakMib: number }} Memory */

/**
 * The memory of a process that runs a backfill on a table. Each run has a fresh process, because the heap of
 * an earlier run would hide how much this one needs. The peak of the whole resident set counts, with Node.js
 * and Nest, because a container's limit counts it. The part above the start is a few MiB that depend on the
 * garbage collector, so a ratio of two such numbers means nothing.
 *
 * @param {import('../lib/bench-server.mjs').BenchServer} server
 * @param {import('../ways/ways.mjs').WayName} way
 * @param {{ rows: number, rounds: number, log: (line: string) => void }} options the round with the median peak counts, because the
 *   garbage collector runs at random times
 * @returns {Promise<Memory>}
 */
export async function measureMemory(server, way, { rows, rounds, log }) {
  /** @type {Memory[]} */
  const found = [];
  for (let round = 0; round < rounds; round++) {
    const child = await inOwnProcess(way, await server.fresh(rows));
    const { startMib, peakMib } = await child.go();
    found.push({ startMib, peakMib });
    log(
      `memory of ${way}, ${count(rows)} rows: ${startMib.toFixed(0)} MiB at the start, ${peakMib.toFixed(0)} MiB at most`,
    );
  }
  found.sort((a, b) => a.peakMib - b.peakMib);
  return found[Math.floor(rounds / 2)] ?? { startMib: NaN, peakMib: NaN };
}
