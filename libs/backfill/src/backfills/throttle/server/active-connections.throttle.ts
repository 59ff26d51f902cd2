import type { ThrottleLimits } from '../throttle.limits.js';
import { BACKFILL_SESSIONS, type ServerThrottle } from './server.throttle.js';

/**
 * Sessions that are active at the same moment. Idle sessions of a pool cost almost nothing and do not count.
 * A role without `pg_read_all_stats` sees the state of its own sessions only.
 */
export class ActiveConnectionsThrottle implements ServerThrottle {
  readonly name = 'active connections';
  readonly #limits: NonNullable<ThrottleLimits['activeConnections']>;

  constructor(limits: NonNullable<ThrottleLimits['activeConnections']>) {
    this.#limits = limits;
  }

  query(): string {
    return `SELECT pg_catalog.json_build_object('active', pg_catalog.count(*), 'maximum', pg_catalog.current_setting('max_connections')::int)
      FROM pg_catalog.pg_stat_activity AS a
      WHERE a.backend_type = 'client backend' AND a.state = 'active' AND a.pid <> pg_catalog.pg_backend_pid()
        AND a.application_name NOT LIKE ${BACKFILL_SESSIONS}`;
  }

  waitReason(value: string | null): string | null {
    if (value === null) return null;
    const { active, maximum } = JSON.parse(value) as { active: number; maximum: number };
    const { share } = this.#limits;
    if (active <= share * maximum) return null;
    return `${active} of ${maximum} are active (limit ${Math.round(share * 100)} %)`;
  }
}
