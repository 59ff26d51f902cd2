import { totalmem } from 'node:os';
import pg from 'pg';
import { EmbeddedServer } from '../../scripts/lib/embedded-server.mjs';
import { buildLeads } from '../ways/leads.mjs';

const MIB = 2 ** 20;
/** A quarter of the memory, as PostgreSQL's documentation recommends. */
const SHARED_BUFFERS = Math.floor(Math.max(128, Math.min(totalmem() / 4 / MIB, 4096)));

const SETTINGS = {
  shared_buffers: `${SHARED_BUFFERS}MB`,
  // No checkpoint may fall into a measurement, because it would affect one way and not the other.
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  // For the same reason autovacuum is off, except in the measurement of growth.
  autovacuum: 'off',
  max_connections: '60',
};

/** A quick run only checks that everything works, so it does not wait for the disk. */
const QUICK = { fsync: 'off' };

/**
 * The database of one measurement. Its table is in the same state for every way.
 * @typedef {{ client: import('pg').Client, url: string, rows: number }} BenchDatabase
 */

/** The server of all measurements. Each table size is built once; every measurement gets a fresh copy. */
export class BenchServer {
  /** @type {EmbeddedServer} */ #server;
  /** @type {import('pg').Client} */ #admin;
  /** @type {import('pg').Client | undefined} */ #client;
  /** @type {Set<string>} */ #built = new Set();
  /** @type {'file_copy' | 'wal_log'} */ #strategy;

  /** @private @param {EmbeddedServer} server @param {import('pg').Client} admin @param {boolean} quick */
  constructor(server, admin, quick) {
    this.#server = server;
    this.#admin = admin;
    this.#strategy = quick ? 'wal_log' : 'file_copy';
  }

  /** @param {{ quick: boolean }} options */
  static async start({ quick }) {
    const server = await EmbeddedServer.start({ settings: { ...SETTINGS, ...(quick ? QUICK : {}) } });
    const admin = await connect(server.url());
    return new BenchServer(server, admin, quick);
  }

  /** A database for measurements that need no leads. */
  get url() {
    return this.#server.url();
  }

  /** The server of the measurements. */
  async describe() {
    const { rows } = await this.#admin.query(`SELECT current_setting('server_version') AS version`);
    return { postgres: rows[0].version, sharedBuffers: SETTINGS.shared_buffers };
  }

  /**
   * A fresh copy of the table: vacuumed, in memory, and with no dirty pages, because copying the files of a
   * database starts and ends with a checkpoint.
   * @param {number} rows
   * @param {import('../ways/leads.mjs').Indexes} [indexes]
   * @returns {Promise<BenchDatabase>}
   */
  async fresh(rows, indexes = 'as in use') {
    await this.#dropCopy();
    const template = `leads_${rows}_${indexes.replaceAll(' ', '_')}`;
    if (!this.#built.has(template)) await this.#build(template, rows, indexes);
    await this.#admin.query(`CREATE DATABASE bench TEMPLATE ${template} STRATEGY ${this.#strategy}`);
    const url = this.#server.url('bench');
    const client = (this.#client = await connect(url));
    await client.query(
      `SELECT pg_prewarm(oid::regclass) FROM pg_class
       WHERE oid = 'leads'::regclass OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'leads'::regclass)`,
    );
    return { client, url, rows };
  }

  /**
   * Changes settings of the server during `work`.
   * @template T
   * @param {Record<string, string>} settings
   * @param {() => Promise<T>} work
   */
  async withSettings(settings, work) {
    const names = Object.keys(settings);
    for (const name of names)
      await this.#admin.query(`ALTER SYSTEM SET ${name} = ${pg.escapeLiteral(settings[name] ?? '')}`);
    await this.#admin.query('SELECT pg_reload_conf()');
    try {
      return await work();
    } finally {
      for (const name of names) await this.#admin.query(`ALTER SYSTEM RESET ${name}`);
      await this.#admin.query('SELECT pg_reload_conf()');
    }
  }

  async stop() {
    await this.#client?.end().catch(() => undefined);
    await this.#admin.end().catch(() => undefined);
    await this.#server.close();
  }

  async #dropCopy() {
    await this.#client?.end();
    this.#client = undefined;
    await this.#admin.query('DROP DATABASE IF EXISTS bench WITH (FORCE)');
  }

  /** @param {string} template @param {number} rows @param {import('../ways/leads.mjs').Indexes} indexes */
  async #build(template, rows, indexes) {
    await this.#admin.query(`CREATE DATABASE ${template}`);
    const client = await connect(this.#server.url(template));
    try {
      await client.query('CREATE EXTENSION pg_prewarm');
      await buildLeads(client, rows, indexes);
      this.#built.add(template);
    } finally {
      await client.end();
    }
  }
}

/** @param {string} url */
async function connect(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
