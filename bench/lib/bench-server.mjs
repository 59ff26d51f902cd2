import pg from 'pg';
import { EmbeddedServer } from '../../scripts/lib/embedded-server.mjs';
import { TABLES, templateName } from '../tables/tables.mjs';
import { PROFILES, QUICK } from './server-settings.mjs';

/**
 * The database of one measurement. Its table is in the same state for every way.
 * @typedef {import('../ways/ways.mjs').WayDatabase & { rows: number }} BenchDatabase
 */
/** @typedef {import('./server-settings.mjs').Profile} Profile */
/**
 * @typedef {object} ServerOptions
 * @property {Profile} profile
 * @property {boolean} quick whether the scale is too small for meaningful numbers
 * @property {string} [folder] keeps the server's files, and with them the built tables, for the next run
 */

/** A server of measurements. Each table is built once; every measurement gets a fresh copy. */
export class BenchServer {
  /** @type {EmbeddedServer} */ #server;
  /** @type {import('pg').Client} */ #admin;
  /** @type {import('pg').Client | undefined} */ #client;
  /** @type {ServerOptions} */ #options;

  /** @private @param {EmbeddedServer} server @param {import('pg').Client} admin @param {ServerOptions} options */
  constructor(server, admin, options) {
    this.#server = server;
    this.#admin = admin;
    this.#options = options;
  }

  /** @param {ServerOptions} options */
  static async start(options) {
    const { profile, quick, folder } = options;
    const server = await EmbeddedServer.start({
      settings: { ...PROFILES[profile], ...(quick ? QUICK : {}) },
      ...(folder === undefined ? {} : { folder }),
    });
    if (server.wasRunning)
      throw new Error(`Another bench uses the server in ${server.folder}. Wait for its end, then try again.`);
    return new BenchServer(server, await connect(server.url()), options);
  }

  /** A database for measurements that need no table. */
  get url() {
    return this.#server.url();
  }

  /** The server of the measurements. */
  async describe() {
    const { rows } = await this.#admin.query(
      `SELECT current_setting('server_version') AS postgres, current_setting('shared_buffers') AS "sharedBuffers"`,
    );
    return /** @type {{ postgres: string, sharedBuffers: string }} */ (rows[0]);
  }

  /**
   * A fresh copy of a table: vacuumed, read into memory as far as there is room, and with no dirty pages,
   * because copying the files of a database starts and ends with a checkpoint.
   * @param {number} rows
   * @param {import('../tables/tables.mjs').TableName} [table]
   * @returns {Promise<BenchDatabase>}
   */
  async fresh(rows, table = 'leads') {
    await this.#dropCopy();
    const template = templateName(table, rows);
    await this.#build(template, table, rows);
    const strategy = this.#options.quick ? 'wal_log' : 'file_copy';
    await this.#admin.query(`CREATE DATABASE bench TEMPLATE ${template} STRATEGY ${strategy}`);
    // A server that has just started has empty buffers, and its next checkpoint and its next round of
    // autovacuum are equally far for every way. On the friendly server neither of them comes.
    if (this.#options.profile === 'defaults' && !this.#options.quick) await this.#restart();
    const url = this.#server.url('bench');
    const client = (this.#client = await connect(url));
    await client.query(
      `SELECT pg_prewarm(oid::regclass) FROM pg_class
       WHERE oid = 'leads'::regclass OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'leads'::regclass)`,
    );
    await client.query('CHECKPOINT');
    return { client, url, rows, key: TABLES[table].key };
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
    await this.#dropCopy().catch(() => undefined);
    await this.#admin.end().catch(() => undefined);
    await this.#server.close();
  }

  async #restart() {
    await this.#admin.end();
    await this.#server.stop();
    await this.#server.start();
    this.#admin = await connect(this.#server.url());
  }

  async #dropCopy() {
    await this.#client?.end();
    this.#client = undefined;
    await this.#admin.query('DROP DATABASE IF EXISTS bench WITH (FORCE)');
  }

  /**
   * Builds a table under another name first, so that an interrupted run leaves nothing that looks complete.
   * @param {string} template
   * @param {import('../tables/tables.mjs').TableName} table
   * @param {number} rows
   */
  async #build(template, table, rows) {
    const built = await this.#admin.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (built.rowCount !== 0) return;
    await this.#admin.query('DROP DATABASE IF EXISTS unfinished WITH (FORCE)');
    await this.#admin.query('CREATE DATABASE unfinished');
    const client = await connect(this.#server.url('unfinished'));
    try {
      await client.query('CREATE EXTENSION pg_prewarm');
      await TABLES[table].build(client, rows);
      // The keys of a user's updates, so that choosing one needs no scan.
      await client.query(
        'CREATE TABLE user_keys AS SELECT id::text AS id FROM leads ORDER BY random() LIMIT 20000',
      );
      await client.query('VACUUM (ANALYZE)');
    } finally {
      await client.end();
    }
    await this.#admin.query(`ALTER DATABASE unfinished RENAME TO ${template}`);
  }
}

/** @param {string} url */
async function connect(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
