import type pg from 'pg';
import type { TestDatabase } from './database.ts';

/** Another session with an open transaction, which holds the locks of its statement. */
export class LockHolder {
  static readonly #open = new Set<LockHolder>();
  readonly #client: pg.Client;
  readonly pid: number;

  private constructor(client: pg.Client, pid: number) {
    this.#client = client;
    this.pid = pid;
  }

  /** @param name its application_name */
  static async hold(database: TestDatabase, sql: string, name = 'a report'): Promise<LockHolder> {
    const client = await database.connect(name);
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await client.query('BEGIN');
    await client.query(sql);
    const holder = new LockHolder(client, rows[0]?.pid ?? 0);
    LockHolder.#open.add(holder);
    return holder;
  }

  /** For `afterEach`: what a failed test still holds must not block the tests after it. */
  static async releaseAll(): Promise<void> {
    for (const holder of LockHolder.#open) await holder.release('ROLLBACK');
  }

  /** Runs another statement in the open transaction. */
  async query(sql: string): Promise<void> {
    await this.#client.query(sql);
  }

  /** Whether a session of its database waits for its locks now. */
  async isWaitedFor(database: TestDatabase): Promise<boolean> {
    const waiting = await database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND $1::int = ANY (pg_blocking_pids(pid))`,
      [this.pid],
    );
    return waiting.length > 0;
  }

  /** Ends the transaction and the session. */
  async release(end: 'COMMIT' | 'ROLLBACK' = 'COMMIT'): Promise<void> {
    LockHolder.#open.delete(this);
    await this.#client.query(end);
    await this.#client.end();
  }
}
