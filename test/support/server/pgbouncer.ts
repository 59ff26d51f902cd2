import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../../scripts/lib/embedded-server.mjs';
import { serverAccount } from '../../../scripts/lib/server-account.mjs';
import type { TestDatabase } from './database.ts';

export interface PgbouncerOptions {
  /** Server connections per database. */
  readonly poolSize: number;
}

/**
 * PgBouncer in transaction mode, in front of the test server: two transactions of one client may run in two
 * server sessions, and a setting of a session applies to other clients later.
 */
export class Pgbouncer {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #folder: string;

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.#child = child;
    this.#port = port;
    this.#folder = folder;
  }

  static get isInstalled(): boolean {
    return spawnSync('pgbouncer', ['--version']).status === 0;
  }

  /** `describe` if PgBouncer is installed; else the tests are skipped with a message. */
  static get describe(): jest.Describe {
    if (Pgbouncer.isInstalled) return describe;
    console.log(
      'Skipped: tests with PgBouncer. To run them, install it, for example with apt-get install pgbouncer.',
    );
    return describe.skip;
  }

  static async start({ poolSize }: PgbouncerOptions): Promise<Pgbouncer> {
    const server = new URL(process.env['TEST_SERVER_URL'] ?? '');
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'pgbouncer-'));
    const file = join(folder, 'pgbouncer.ini');
    const login = `user=${server.username} password='${decodeURIComponent(server.password).replaceAll("'", "''")}'`;
    writeFileSync(
      file,
      [
        '[databases]',
        `* = host=${server.hostname} port=${server.port || '5432'} ${login}`,
        '[pgbouncer]',
        'listen_addr = 127.0.0.1',
        `listen_port = ${port}`,
        'unix_socket_dir =',
        // Every client is accepted as the user above: it only listens on this machine, for one test.
        'auth_type = any',
        'pool_mode = transaction',
        `default_pool_size = ${poolSize}`,
        'max_client_conn = 200',
      ].join('\n'),
    );
    // Like PostgreSQL, it refuses to run as root.
    chmodSync(folder, 0o755);
    const child = spawn('pgbouncer', ['--quiet', file], { ...serverAccount(), stdio: 'ignore' });
    const bouncer = new Pgbouncer(child, port, folder);
    await bouncer.#waitUntilReady();
    return bouncer;
  }

  /** The URL of a database through PgBouncer. */
  url({ url }: Pick<TestDatabase, 'url'>): string {
    const pooled = new URL(url);
    pooled.host = `127.0.0.1:${this.#port}`;
    return pooled.href;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #waitUntilReady(): Promise<void> {
    const connectionString = this.url({ url: process.env['TEST_SERVER_URL'] ?? '' });
    for (;;) {
      if (this.#child.exitCode !== null)
        throw new Error(`PgBouncer exited with code ${this.#child.exitCode}.`);
      const client = new pg.Client({ connectionString });
      try {
        await client.connect();
        return;
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ECONNREFUSED') throw error;
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}
