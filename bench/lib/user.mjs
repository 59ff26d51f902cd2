import pg from 'pg';
import { percentile } from './numbers.mjs';
import { inOwnProcess } from './own-process.mjs';

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
  /** @type {number} */ #rows;

  /** @private @param {pg.Pool} pool @param {number} rows */
  constructor(pool, rows) {
    this.#pool = pool;
    this.#rows = rows;
  }

  /** @param {{ url: string, rows: number }} scene */
  static async of({ url, rows }) {
    const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS, idleTimeoutMillis: 0 });
    // After it has stopped, its connections may be cut without a protocol message.
    pool.on('error', () => undefined);
    const user = new User(pool, rows);
    const open = await Promise.all(Array.from({ length: CONNECTIONS }, () => pool.connect()));
    for (const client of open) client.release();
    await user.during(new Promise((resolve) => setTimeout(resolve, 100)));
    return user;
  }

  /**
   * @param {Promise<unknown>} work
   * @returns {Promise<number[]>} milliseconds from the moment that each update was asked for to its answer
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

  async leave() {
    await this.#pool.end();
  }

  async #update() {
    const id = 1 + Math.floor(Math.random() * this.#rows);
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
 * A user's updates during each way, and before it without one. They alternate, so that noise of the machine
 * affects both.
 *
 * @template {import('./ways.mjs').WayName} Name
 * @param {import('./stage.mjs').Stage} stage
 * @param {readonly Name[]} ways
 * @param {object} options
 * @param {number} options.rows
 * @param {number} options.rounds
 * @param {number} [options.enough] updates during a way after which it needs no further round; all rounds
 *   when left out
 * @param {number} options.quietMs milliseconds without a way, before each
 * @param {(line: string) => void} options.log
 * @returns {Promise<Record<Name | 'none', Waits>>}
 */
export async function measureUser(stage, ways, { rows, rounds, enough = Infinity, quietMs, log }) {
  /** @type {Record<string, number[]>} */
  const taken = { none: [] };
  for (let round = 0; round < rounds; round++) {
    for (const way of ways) {
      if ((taken[way]?.length ?? 0) >= enough) continue;
      const scene = await stage.fresh(rows);
      const user = await User.of(scene);
      const child = await inOwnProcess(way, scene.url);
      const quiet = await user.during(new Promise((resolve) => setTimeout(resolve, quietMs)));
      const during = await user.during(child.go());
      await user.leave();
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
