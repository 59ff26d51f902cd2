import { count, median, seconds } from '../report/numbers.mjs';
import { pendingLeads } from '../tables/leads.mjs';
import { WAYS } from '../ways/ways.mjs';

/**
 * A way, and the table that it changes, by default `leads`.
 * @typedef {{ way: import('../ways/ways.mjs').WayName, rows: number, table?: import('../tables/tables.mjs').TableName }} Cell
 */

/** @param {Cell} cell */
export const keyOf = ({ way, rows, table = 'leads' }) => `${way} of ${rows} of ${table}`;

/**
 * Measures the times of the ways, each on a fresh copy of its table. A cell that several rows of the result
 * need is measured once per round. Every second round runs in reverse order, so that other load on the
 * machine affects all ways.
 *
 * @param {import('./bench-server.mjs').BenchServer} server
 * @param {readonly Cell[]} cells
 * @param {{ rounds: number, log: (line: string) => void, known?: Times }} options
 */
export async function measureTimes(server, cells, { rounds, log, known = new Times() }) {
  const distinct = new Map(cells.filter((cell) => !known.has(cell)).map((cell) => [keyOf(cell), cell]));
  for (let round = 0; round < rounds; round++) {
    const order = [...distinct.values()];
    if (round % 2 === 1) order.reverse();
    for (const cell of order) {
      const taken = await timeOf(server, cell);
      known.add(cell, taken);
      log(`${cell.way}, ${count(cell.rows)} rows of ${cell.table ?? 'leads'}: ${seconds(taken)}`);
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

  /**
   * The time per row of `a` divided by that of `b`: the median of the rounds.
   * @param {Cell} a
   * @param {Cell} b
   */
  ratio(a, b) {
    const others = this.of(b);
    return median(this.of(a).map((taken, round) => taken / a.rows / ((others[round] ?? NaN) / b.rows)));
  }
}

/**
 * @returns seconds for the whole table; throws if the way leaves pending rows
 * @param {import('./bench-server.mjs').BenchServer} server
 * @param {Cell} cell
 */
async function timeOf(server, { way, rows, table }) {
  const { run, maxRows = rows } = /** @type {import('../ways/ways.mjs').Way} */ (WAYS[way]);
  const database = await server.fresh(rows, table);
  const startedAt = performance.now();
  await run(database);
  const taken = (performance.now() - startedAt) / 1000;
  const done = rows - (await pendingLeads(database.client));
  if (done < Math.min(maxRows, rows)) throw new Error(`${way} left ${rows - done} rows pending`);
  return (taken * rows) / done;
}
