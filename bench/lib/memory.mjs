import { count } from './numbers.mjs';
import { inOwnProcess } from './own-process.mjs';

/** @typedef {{ startMib: number, peakMib: number }} Memory */

/**
 * The memory of a process that runs a backfill, on a table of some size. A fresh process each time: the heap of an earlier run would
 * hide what this one needs. What counts is the peak of the whole resident set, Node.js and Nest included, since that is what a
 * container's limit is held against; the part above the start alone is a few MiB that the garbage collector takes when it likes,
 * and a ratio of two such numbers tells nothing.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @param {import('./ways.mjs').WayName} way
 * @param {{ rows: number, rounds: number, log: (line: string) => void }} options the round with the middle peak counts: when the
 *   garbage collector comes is chance
 * @returns {Promise<Memory>}
 */
export async function measureMemory(stage, way, { rows, rounds, log }) {
  /** @type {Memory[]} */
  const found = [];
  for (let round = 0; round < rounds; round++) {
    const { url } = await stage.fresh(rows);
    const child = await inOwnProcess(way, url);
    const { startMib, peakMib } = await child.go();
    found.push({ startMib, peakMib });
    log(
      `memory of ${way}, ${count(rows)} rows: ${startMib.toFixed(0)} MiB at the start, ${peakMib.toFixed(0)} MiB at most`,
    );
  }
  found.sort((a, b) => a.peakMib - b.peakMib);
  return found[Math.floor(rounds / 2)] ?? { startMib: NaN, peakMib: NaN };
}
