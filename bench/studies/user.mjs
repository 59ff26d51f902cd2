import pg from 'pg';
import { percentile } from '../report/numbers.mjs';
import { inOwnProcess } from '../ways/own-process.mjs';

/** Milliseconds between two updates. They start on schedule, even if the previous one has no answer. */
const EVERY = 4;
/** Like the pool of an application: when all connections wait for a lock, further updates wait too. */
const CONNECTIONS = 10;

/**
 * A user's point updates: one random row each, through a pool of connections, like requests of an
 * application.
 */
export class User {
  /** @type {pg.Pool} */ #pool;
  /** @type {readonly string[]} */ #keys;

  /** @private @param {pg.Pool} pool @param {readonly string[]} keys */
  constructor(pool, keys) {
    this.#pool = pool;
    this.#keys = keys;
  }

  /** @param {{ url: string }} database */
  static async of({ url }) {
    const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, idleTimeoutMillis: 0 });
    // When the database is dropped, idle connections may be closed without a protocol message.
    pool.on('error', () => undefined);
    const { rows } = await pool.query('SELECT id FROM user_keys');
    const user = new User(
      pool,
      rows.map(({ id }) => id),
    );
    const open = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.connect()));
    for (const client of open) client.release();
    await user.during(new Promise((resolve) => setTimeout(resolve, 100)));
    return user;
  }

  /**
   * @param {Promise<unknown>} work
   * @returns {Promise<number[]>} milliseconds from the request to the answer, for each update
   */
  async during(work) {
    /** @type {Promise<number>[]} */
    const updates = [];
    const timer = setInterval(() => updates.push(this.#update()), EVERY);
    try {
      await work;
    } finally {
      clearInterval(timer);
    }
    return Promise.all(updates);
  }

  async end() {
    await this.#pool.end();
  }

  async #update() {
    const id = this.#keys[Math.floor(Math.random() * this.#keys.length)];
    const startedAt = performance.now();
    await this.#pool.query({
      name: 'point-update',
      text: 'UPDATE leads SET updated_at = now() WHERE id = $1',
      values: [id],
    });
    return performance.now() - startedAt;
  }
}

/** @typedef {{ p99: number, longest: number, updates: number }} Waits milliseconds */

/** @param {readonly number[]} taken @returns {Waits} */
export function waits(taken) {
  const sorted = [...taken].sort((a, b) => a - b);
  return { p99: percentile(sorted, 0.99), longest: sorted.at(-1) ?? NaN, updates: sorted.length };
}

/**
 * Measures a user's updates before each way and during it. The two alternate, so that other load on the
 * machine affects both.
 *
 * @template {import('../ways/ways.mjs').WayName} Name
 * @param {import('../lib/bench-server.mjs').BenchServer} server
 * @param {readonly Name[]} ways
 * @param {object} options
 * @param {number} options.rows
 * @param {number} options.rounds
 * @param {number} [options.sufficientUpdates] a way with this many updates needs no further round; by
 *   default, every way takes part in all rounds
 * @param {number} options.quietMs milliseconds of updates before each way
 * @param {(line: string) => void} options.log
 * @returns {Promise<Record<Name | 'none', Waits>>}
 */
export async function measureUser(
  server,
  ways,
  { rows, rounds, sufficientUpdates = Infinity, quietMs, log },
) {
  /** @type {Record<string, number[]>} */
  const taken = { none: [] };
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) {
      if ((taken[way]?.length ?? 0) >= sufficientUpdates) continue;
      const database = await server.fresh(rows);
      const user = await User.of(database);
      const child = await inOwnProcess(way, database);
      const quiet = await user.during(new Promise((resolve) => setTimeout(resolve, quietMs)));
      const during = await user.during(child.go());
      await user.end();
      taken['none']?.push(...quiet);
      (taken[way] ??= []).push(...during);
      const [a, b] = [waits(during), waits(quiet)];
      log(
        `a user during ${way}: p99 ${a.p99.toFixed(1)} ms, longest ${a.longest.toFixed(1)} ms; ` +
          `just before, without: ${b.p99.toFixed(1)} ms, ${b.longest.toFixed(1)} ms`,
      );
    }
  }
  return /** @type {Record<Name | 'none', Waits>} */ (
    Object.fromEntries(Object.entries(taken).map(([way, all]) => [way, waits(all)]))
  );
}
