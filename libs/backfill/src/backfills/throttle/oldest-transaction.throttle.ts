import { nameSession } from '../../postgres/session-description.js';
import { OURS, type ServerThrottle } from './throttle.js';
import type { ThrottleLimits } from './throttle.limits.js';

/**
 * A transaction that is open for long keeps VACUUM from clearing away the row versions that a backfill leaves behind, so that the
 * table grows by as much as is changed. What does not hold VACUUM back does not count: an idle session without a snapshot, a
 * VACUUM. Of other roles a role without `pg_read_all_stats` sees prepared transactions alone.
 */
export class OldestTransactionThrottle implements ServerThrottle {
  readonly name = 'oldest transaction';
  readonly #limits: NonNullable<ThrottleLimits['oldestTransaction']>;

  constructor(limits: NonNullable<ThrottleLimits['oldestTransaction']>) {
    this.#limits = limits;
  }

  query(): string {
    return `SELECT json_build_object('seconds', extract(epoch FROM clock_timestamp() - o.since), 'who', o.who)
      FROM (
        SELECT a.xact_start AS since,
          format('%s, %s,', ${nameSession('a')}, a.state) AS who
        FROM pg_stat_activity AS a
        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_type = 'client backend'
          AND a.xact_start IS NOT NULL AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
          AND a.application_name NOT LIKE ${OURS}
          AND a.pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
        UNION ALL
        SELECT p.prepared, format('the prepared transaction %L', p.gid)
        FROM pg_prepared_xacts AS p WHERE p.database = current_database()
      ) AS o ORDER BY o.since LIMIT 1`;
  }

  judge(value: string | null): string | null {
    if (value === null) return null;
    const { seconds, who } = JSON.parse(value) as { seconds: number; who: string };
    if (seconds <= this.#limits.seconds) return null;
    return `${who} has a transaction open for ${Math.round(seconds)} s (limit ${this.#limits.seconds} s)`;
  }
}
