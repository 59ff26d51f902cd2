import type { DataSource } from 'typeorm';
import { describeSession } from '../../postgres/session-description.js';
import { pastTheGuard } from '../guard/guard-context.js';

/** A session that holds what another waits for. */
export interface LockBlocker {
  readonly pid: number;
  readonly application: string;
  readonly state: string;
  readonly query: string;
  /** How long its transaction has been open, in milliseconds. */
  readonly transactionAge: number;
  /** In a sentence, for messages. */
  readonly description: string;
}

/** Only a waiting session has blockers: asked while it waits, from another connection. */
const BLOCKERS = `
  SELECT b.pid, coalesce(a.application_name, '') AS application, coalesce(a.state, a.backend_type, 'unknown') AS state,
         left(regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 200) AS query,
         coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, 0)::float8 AS age,
         ${describeSession('a')} AS description
    FROM unnest(pg_catalog.pg_blocking_pids($1)) b (pid)
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid`;

/** @returns none when nobody blocks any more, or when the pool has no connection left to ask on */
export async function findBlockers(
  dataSource: DataSource,
  waitingPid: number,
): Promise<readonly LockBlocker[]> {
  if (!hasRoom(dataSource)) return [];
  const runner = pastTheGuard(() => dataSource.createQueryRunner());
  try {
    const rows = (await pastTheGuard(() => runner.query(BLOCKERS, [waitingPid]))) as Record<
      string,
      unknown
    >[];
    return rows.map(describe);
  } catch {
    // Who blocks is told where it can be; not knowing must not end the migration.
    return [];
  } finally {
    await runner.release();
  }
}

function describe(row: Record<string, unknown>): LockBlocker {
  return {
    pid: Number(row['pid']),
    application: String(row['application']),
    state: String(row['state']),
    query: String(row['query']),
    transactionAge: Number(row['age']),
    description: String(row['description']),
  };
}

/** A pool that is used up would have us wait for the very connection that waits. */
function hasRoom(dataSource: DataSource): boolean {
  const pool = (
    dataSource.driver as { master?: { totalCount?: number; idleCount?: number; options?: { max?: number } } }
  ).master;
  const { totalCount = 0, idleCount = 0, options } = pool ?? {};
  return idleCount > 0 || totalCount < (options?.max ?? Number.POSITIVE_INFINITY);
}
