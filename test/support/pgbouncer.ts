import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../scripts/lib/embedded-server.mjs';
import { serverAccount } from '../../scripts/lib/server-account.mjs';
import type { TestDatabase } from './database.ts';

/** What a pooler is started with. */
export interface PgbouncerOptions {
  /** Connections to the server, for each database. */
  readonly poolSize: number;
}

/**
 * A transaction-pooling proxy before the run's server: what two transactions of one client do, two of the server's sessions may
 * do, and what is set for a session is somebody else's in the next moment.
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

  /** `describe` where PgBouncer is installed; else the tests are skipped, and it is said why. */
  static get describe(): jest.Describe {
    if (Pgbouncer.isInstalled) return describe;
    console.log('Skipped: what goes through PgBouncer. Install it for that, e.g. apt-get install pgbouncer.');
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
        // Whoever reaches it is let in as the user above: it listens for one test on this machine alone.
        'auth_type = any',
        'pool_mode = transaction',
        `default_pool_size = ${poolSize}`,
        'max_client_conn = 200',
      ].join('\n'),
    );
    // It refuses to be root, as PostgreSQL does.
    chmodSync(folder, 0o755);
    const child = spawn('pgbouncer', ['--quiet', file], { ...serverAccount(), stdio: 'ignore' });
    const bouncer = new Pgbouncer(child, port, folder);
    await bouncer.#untilItAnswers();
    return bouncer;
  }

  /** The URL of a database through it. */
  url({ url }: Pick<TestDatabase, 'url'>): string {
    const through = new URL(url);
    through.host = `127.0.0.1:${this.#port}`;
    return through.href;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #untilItAnswers(): Promise<void> {
    const connectionString = this.url({ url: process.env['TEST_SERVER_URL'] ?? '' });
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`PgBouncer ended with ${this.#child.exitCode}.`);
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
