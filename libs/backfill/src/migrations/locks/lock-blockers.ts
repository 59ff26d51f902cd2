import type { DataSource } from 'typeorm';
import { isRedacting } from '../../errors/redaction.js';
import { describeSession } from '../../postgres/session-description.js';
import { unguarded } from '../guard/guard-context.js';

/** A session that holds a lock for which another session waits. */
export interface LockBlocker {
  readonly pid: number;
  readonly application: string;
  readonly state: string;
  /** Empty with the option `redact`: it may hold personal data. */
  readonly query: string;
  /** Age of its transaction, in milliseconds. */
  readonly transactionAge: number;
  /** For messages. */
  readonly description: string;
}

/** Runs on another connection while the session waits, because only a waiting session has blockers. */
const blockersQuery = () => `
  SELECT b.pid, coalesce(a.application_name, '') AS application, coalesce(a.state, a.backend_type, 'unknown') AS state,
         pg_catalog.left(pg_catalog.regexp_replace(coalesce(a.query, ''), '\\s+', ' ', 'g'), 200) AS query,
         coalesce(extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::float8 * 1000::float8, 0) AS age,
         ${describeSession('a')} AS description
    FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids($1)) b (pid)
    LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid`;

/**
 * @returns the blocking sessions; none if the session no longer waits, or if the pool has no free connection
 */
export async function findBlockers(
  dataSource: DataSource,
  waitingPid: number,
): Promise<readonly LockBlocker[]> {
  if (!hasFreeConnection(dataSource)) return [];
  const runner = unguarded(() => dataSource.createQueryRunner());
  try {
    const rows = (await unguarded(() => runner.query(blockersQuery(), [waitingPid]))) as Record<
      string,
      unknown
    >[];
    return rows.map(describe);
  } catch {
    // The blockers are only shown in messages, so an error here must not end the migration.
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
    query: isRedacting() ? '' : String(row['query']),
    transactionAge: Number(row['age']),
    description: String(row['description']),
  };
}

/** Without a free connection, the query would wait for the connection that is blocked. */
export function hasFreeConnection(dataSource: DataSource): boolean {
  const pool = (
    dataSource.driver as { master?: { totalCount?: number; idleCount?: number; options?: { max?: number } } }
  ).master;
  const { totalCount = 0, idleCount = 0, options } = pool ?? {};
  return idleCount > 0 || totalCount < (options?.max ?? Number.POSITIVE_INFINITY);
}
