import { nameSession } from '../../../postgres/session-description.js';
import { BACKFILL_SESSIONS, type ServerThrottle } from './server.throttle.js';
import type { ThrottleLimits } from '../throttle.limits.js';

/**
 * A long transaction prevents VACUUM from removing the dead row versions that a backfill creates, so the
 * table grows with every changed row. Sessions that do not hold back VACUUM do not count: idle sessions
 * without a snapshot, and VACUUM itself. Of other roles, a role without `pg_read_all_stats` sees prepared
 * transactions only.
 */
export class OldestTransactionThrottle implements ServerThrottle {
  readonly name = 'oldest transaction';
  readonly #limits: NonNullable<ThrottleLimits['oldestTransaction']>;

  constructor(limits: NonNullable<ThrottleLimits['oldestTransaction']>) {
    this.#limits = limits;
  }

  query(): string {
    return `SELECT pg_catalog.json_build_object('seconds', extract(epoch FROM pg_catalog.clock_timestamp() - o.since), 'holder', o.holder)
      FROM (
        SELECT a.xact_start AS since,
          pg_catalog.format('%s, %s,', ${nameSession('a')}, a.state) AS holder
        FROM pg_catalog.pg_stat_activity AS a
        WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend'
          AND a.xact_start IS NOT NULL AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
          AND a.application_name NOT LIKE ${BACKFILL_SESSIONS}
          AND a.pid NOT IN (SELECT pid FROM pg_catalog.pg_stat_progress_vacuum)
        UNION ALL
        SELECT p.prepared, pg_catalog.format('the prepared transaction %L', p.gid)
        FROM pg_catalog.pg_prepared_xacts AS p WHERE p.database = pg_catalog.current_database()
      ) AS o ORDER BY o.since LIMIT 1`;
  }

  waitReason(value: string | null): string | null {
    if (value === null) return null;
    const { seconds, holder } = JSON.parse(value) as { seconds: number; holder: string };
    if (seconds <= this.#limits.seconds) return null;
    return `${holder} has a transaction open for ${Math.round(seconds)} s (limit ${this.#limits.seconds} s)`;
  }
}
