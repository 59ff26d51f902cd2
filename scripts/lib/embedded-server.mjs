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
import { canReach, demandReachable, serverAccount, sharedFolder } from './server-account.mjs';

/**
 * A real PostgreSQL server from the binaries that npm installed: nothing else is needed on the machine, and root may be the one
 * who starts it. It ends with the process that started it, however that ends.
 *
 * @typedef {object} EmbeddedServerOptions
 * @property {string} [folder] where the cluster stays; left out: a temporary folder, removed at the end
 * @property {number} [port] a free one when left out
 * @property {boolean} [keepRunning] outlive this process, until somebody calls `stop()`; false by default
 * @property {string} [urlFile] a file that holds the URL of `database` as long as the server runs
 * @property {string} [database] `postgres` by default
 * @property {Record<string, string>} [settings] server settings, e.g. `{ fsync: 'off' }`
 * @property {(message: string) => void} [note] told what a user should know; standard error by default
 */

/** The locale is PostgreSQL's own, the same on every system. */
const INITDB = [
  ...['--auth=scram-sha-256', '--username=postgres', '--no-sync'],
  ...['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
];
const GUARDIAN = fileURLToPath(new URL('server-guardian.mjs', import.meta.url));

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
  /** @type {EmbeddedServerOptions} */
  #options;
  #account = serverAccount();
  #binaries = '';
  #folder = '';
  #password = '';
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #guardian;

  /** The port that it listens on, at 127.0.0.1 alone. */
  port = 0;
  /** Whether it ran already when `EmbeddedServer.start` was called. */
  ranAlready = false;

  /**
   * @param {EmbeddedServerOptions} [options]
   * @returns {Promise<EmbeddedServer>} a server that accepts connections
   */
  static async start(options = {}) {
    const server = new EmbeddedServer(options);
    await server.#prepare();
    server.ranAlready = await server.isRunning();
    if (!server.ranAlready) {
      if (!options.keepRunning) server.#guard();
      await server.start();
    } else {
      server.port = await server.#portOfRunning();
      server.#password = await readFile(join(server.#folder, 'password'), 'utf8');
    }
    return server;
  }

  /**
   * The server that runs in a folder, for stopping it.
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

  /** Where its data is, which may not be the folder that was asked for. */
  get folder() {
    return this.#folder;
  }

  async isRunning() {
    return (await this.#run('pg_ctl', ['status', '-D', this.#cluster])).code === 0;
  }

  /** Starts it again after `stop()`, on the same data and port. */
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
   * Stops it as an operator would: clients are disconnected, nothing that was committed is lost; or at once, as a crash does.
   *
   * @param {'fast' | 'immediate'} [mode]
   */
  async stop(mode = 'fast') {
    await this.#run('pg_ctl', ['stop', '-D', this.#cluster, '-m', mode, '-w']);
    if (this.#options.urlFile) await rm(this.#options.urlFile, { force: true });
  }

  /** The end: stops it and removes a temporary folder. Does nothing to a server that is to outlive this process. */
  async close() {
    const guardian = this.#guardian;
    if (!guardian || guardian.exitCode !== null || guardian.signalCode !== null) return;
    guardian.ref();
    const gone = once(guardian, 'exit');
    guardian.stdin?.end();
    await gone;
  }

  get #cluster() {
    return join(this.#folder, 'cluster');
  }

  async #prepare() {
    const note = this.#options.note ?? ((message) => console.error(message));
    this.#binaries = await postgresBinaries(this.#account, note);
    this.#folder = await this.#home(note);
    if (!this.#account) return;
    if (existsSync(this.#cluster)) {
      // The server accepts no data but that of its own user, who may have started the demo without root.
      const { uid, gid } = await stat(this.#cluster);
      this.#account = { uid, gid };
    } else {
      await chown(this.#folder, this.#account.uid, this.#account.gid);
    }
  }

  /** @param {(message: string) => void} note */
  async #home(note) {
    const wanted = this.#options.folder && resolve(this.#options.folder);
    if (!wanted) {
      demandReachable(this.#account, tmpdir());
      return mkdtemp(join(tmpdir(), 'nestjs-backfill-test-'));
    }
    await mkdir(wanted, { recursive: true });
    if (!this.#account || canReach(this.#account, wanted)) return wanted;
    const id = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
    const home = join(sharedFolder(`data-${id}`, this.#account), basename(wanted));
    await mkdir(home, { recursive: true });
    note(`The user that PostgreSQL runs as cannot reach ${wanted}: the data is in ${home}.`);
    return home;
  }

  #guard() {
    const { folder, urlFile } = this.#options;
    const task = {
      pgCtl: join(this.#binaries, 'pg_ctl'),
      cluster: this.#cluster,
      account: this.#account,
      remove: [folder ? undefined : this.#folder, urlFile && resolve(urlFile)].filter(Boolean),
    };
    // In a session of its own, so that Ctrl-C leaves it to do its work.
    this.#guardian = spawn(process.execPath, [GUARDIAN, JSON.stringify(task)], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#guardian.unref();
    /** @type {import('node:net').Socket} */ (this.#guardian.stdin).unref();
  }

  async #initialise() {
    // Only this user's processes can read it: others on the machine must not reach a superuser by the port.
    const password = join(this.#folder, 'password');
    await writeFile(password, randomBytes(16).toString('hex'), { mode: 0o600 });
    if (this.#account) await chown(password, this.#account.uid, this.#account.gid);
    const { code, output } = await this.#run('initdb', [
      ...INITDB,
      '-D',
      this.#cluster,
      '--pwfile',
      password,
    ]);
    if (code !== 0) throw await this.#failure(output);
    await appendFile(join(this.#cluster, 'postgresql.conf'), "\ninclude 'embedded.conf'\n");
  }

  /** Written at each start: the port is another each time. */
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

  /** @param {string} lastWords */
  async #failure(lastWords) {
    await this.close();
    return new Error(
      `The embedded PostgreSQL did not start in ${this.#folder} on port ${this.port}. ` +
        'Set DATABASE_URL (for the tests TEST_DATABASE_URL) to use a server of your own. Its last words:\n' +
        lastWords.trim().split('\n').slice(-10).join('\n'),
    );
  }
}
