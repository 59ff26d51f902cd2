import { count, median, seconds } from './numbers.mjs';
import { pendingLeads } from './leads.mjs';
import { WAYS } from './ways.mjs';

/**
 * A way on a table of a size.
 * @typedef {{ way: import('./ways.mjs').WayName, rows: number, indexes?: import('./leads.mjs').Indexes }} Cell
 */

/** @param {Cell} cell */
export const keyOf = ({ way, rows, indexes = 'as in use' }) => `${way} of ${rows}, indexes ${indexes}`;

/**
 * Times of the ways, each on a freshly built table. A cell that several rows need is measured once per round.
 * Every second round runs in reverse, so that other load on the machine affects all ways.
 *
 * @param {import('./stage.mjs').Stage} stage
 * @param {readonly Cell[]} cells
 * @param {{ rounds: number, log: (line: string) => void, known?: Times }} options
 */
export async function measureTimes(stage, cells, { rounds, log, known = new Times() }) {
  const distinct = new Map(cells.filter((cell) => !known.has(cell)).map((cell) => [keyOf(cell), cell]));
  for (let round = 0; round < rounds; round++) {
    const order = [...distinct.values()];
    if (round % 2 === 1) order.reverse();
    for (const cell of order) {
      const taken = await timeOf(stage, cell);
      known.add(cell, taken);
      log(
        `${cell.way}, ${count(cell.rows)} rows${cell.indexes === undefined ? '' : `, indexes: ${cell.indexes}`}: ${seconds(taken)}`,
      );
    }
  }
  return known;
}

export class Times {
  /** @type {Map<string, number[]>} */ #seconds = new Map();

  /** @param {Cell} cell @param {number} taken */
  add(cell, taken) {
    this.#seconds.set(keyOf(cell), [...this.of(cell), taken]);
  }

  /** @param {Cell} cell */
  has(cell) {
    return this.#seconds.has(keyOf(cell));
  }

  /** Seconds of each round. @param {Cell} cell @returns {number[]} */
  of(cell) {
    return this.#seconds.get(keyOf(cell)) ?? [];
  }

  /** Seconds, the median of the rounds. @param {Cell} cell */
  typical(cell) {
    return median(this.of(cell));
  }

  /** How much longer one takes than another, round by round, for each row. @param {Cell} a @param {Cell} b */
  ratio(a, b) {
    const others = this.of(b);
    return median(this.of(a).map((taken, round) => taken / a.rows / ((others[round] ?? NaN) / b.rows)));
  }
}

/**
 * Seconds for the whole table. A way that leaves pending rows has no time.
 * @param {import('./stage.mjs').Stage} stage
 * @param {Cell} cell
 */
async function timeOf(stage, { way, rows, indexes }) {
  const { run, maxRows = rows } = /** @type {import('./ways.mjs').Way} */ (WAYS[way]);
  const scene = await stage.fresh(rows, indexes);
  const startedAt = performance.now();
  await run(scene);
  const taken = (performance.now() - startedAt) / 1000;
  const done = rows - (await pendingLeads(scene.client));
  if (done < Math.min(maxRows, rows)) throw new Error(`${way} left ${rows - done} rows pending`);
  return (taken * rows) / done;
}
