import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedServer } from '../../../scripts/lib/embedded-server.mjs';
import { until } from '../runs/until.ts';

/** The `application_name` of the replica on its primary. */
export const REPLICA = 'reports-replica';

/** A primary and a streaming replica. Both are embedded servers, independent of the server of the test run. */
export class ReplicatedServer {
  readonly #primary: EmbeddedServer;
  readonly #replica: EmbeddedServer;
  readonly #replicaFolder: string;

  private constructor(primary: EmbeddedServer, replica: EmbeddedServer, replicaFolder: string) {
    this.#primary = primary;
    this.#replica = replica;
    this.#replicaFolder = replicaFolder;
  }

  /** @param settings for both servers */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<ReplicatedServer> {
    const allSettings = { fsync: 'off', max_connections: '100', ...settings };
    const primary = await EmbeddedServer.start({ settings: allSettings });
    // The data directory of a stopped server is a complete copy.
    await primary.stop();
    const folder = await mkdtemp(join(tmpdir(), 'nestjs-backfill-replica-'));
    execFileSync('cp', ['-a', `${primary.folder}/.`, folder]);
    await writeFile(join(folder, 'cluster', 'standby.signal'), '');
    await primary.start();
    const { port, password } = new URL(primary.url());
    const replica = await EmbeddedServer.start({
      folder,
      settings: {
        ...allSettings,
        primary_conninfo: `host=127.0.0.1 port=${port} user=postgres password=${password} application_name=${REPLICA}`,
      },
    });
    const server = new ReplicatedServer(primary, replica, folder);
    await until(async () => (await server.onPrimary('SELECT FROM pg_stat_replication')).length === 1);
    return server;
  }

  /** The superuser's URL of the maintenance database on the primary. */
  get url(): string {
    return this.#primary.url();
  }

  /** The primary's data directory. */
  get folder(): string {
    return this.#primary.folder;
  }

  onPrimary<Row extends pg.QueryResultRow>(sql: string): Promise<Row[]> {
    return query<Row>(this.#primary.url(), sql);
  }

  /** After this, the replica receives changes but does not apply them. */
  async pauseReplay(): Promise<void> {
    await query(this.#replica.url(), 'SELECT pg_wal_replay_pause()');
    await until(async () => {
      const [row] = await query<{ state: string }>(
        this.#replica.url(),
        'SELECT pg_get_wal_replay_pause_state() AS state',
      );
      return row?.state === 'paused';
    });
  }

  /** From now on, the replica streams through a physical slot of this name. */
  async useSlot(name: string): Promise<void> {
    await this.onPrimary(`SELECT pg_create_physical_replication_slot('${name}', true)`);
    await query(this.#replica.url(), `ALTER SYSTEM SET primary_slot_name = '${name}'`);
    await query(this.#replica.url(), 'SELECT pg_reload_conf()');
    await until(
      async () => (await this.onPrimary('SELECT FROM pg_replication_slots WHERE active')).length === 1,
    );
  }

  async resumeReplay(): Promise<void> {
    await query(this.#replica.url(), 'SELECT pg_wal_replay_resume()');
  }

  async stop(): Promise<void> {
    await this.#replica.close();
    await this.#primary.close();
    await rm(this.#replicaFolder, { recursive: true, force: true });
  }
}

async function query<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
