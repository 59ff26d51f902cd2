import { OURS, type ServerThrottle } from './throttle.js';
import type { ThrottleLimits } from './throttle.limits.js';

/**
 * Sessions at work at once. Those that stand idle in a pool cost next to nothing and do not count. Of other roles a role without
 * `pg_read_all_stats` does not see whether they are at work.
 */
export class ActiveConnectionsThrottle implements ServerThrottle {
  readonly name = 'active connections';
  readonly #limits: NonNullable<ThrottleLimits['activeConnections']>;

  constructor(limits: NonNullable<ThrottleLimits['activeConnections']>) {
    this.#limits = limits;
  }

  query(): string {
    return `SELECT json_build_object('active', count(*), 'most', current_setting('max_connections')::int)
      FROM pg_stat_activity AS a
      WHERE a.backend_type = 'client backend' AND a.state = 'active' AND a.pid <> pg_backend_pid()
        AND a.application_name NOT LIKE ${OURS}`;
  }

  judge(value: string | null): string | null {
    if (value === null) return null;
    const { active, most } = JSON.parse(value) as { active: number; most: number };
    const { share } = this.#limits;
    if (active <= share * most) return null;
    return `${active} of ${most} are at work (limit ${Math.round(share * 100)} %)`;
  }
}
