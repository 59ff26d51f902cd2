import type { Parameters } from '../../postgres/parameters.js';
import { renderBytes, type ServerThrottle } from './throttle.js';
import { ThrottleUnreadableError } from './throttle.error.js';
import type { ThrottleLimits } from './throttle.limits.js';

interface Replica {
  readonly name: string;
  /** Null when this role may not see it, and no slot tells either. */
  readonly bytes: number | null;
  readonly seconds: number | null;
}

/**
 * Replicas and subscribers that are behind. To a role without `pg_read_all_stats` PostgreSQL shows that they are there and
 * nothing else; then what their replication slot still keeps for them tells how far they are.
 */
export class ReplicaLagThrottle implements ServerThrottle {
  readonly name = 'replica lag';
  readonly #limits: NonNullable<ThrottleLimits['replicaLag']>;

  constructor(limits: NonNullable<ThrottleLimits['replicaLag']>) {
    this.#limits = limits;
  }

  query(parameters: Parameters): string {
    // A base backup is no replica: it is sent once and lags by nature.
    return `SELECT json_agg(json_build_object('name', r.application_name, 'seconds', extract(epoch FROM r.replay_lag),
        'bytes', pg_wal_lsn_diff(
          CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
          coalesce(r.replay_lsn, r.flush_lsn, r.write_lsn, r.sent_lsn, s.confirmed_flush_lsn, s.restart_lsn))))
      FROM pg_stat_replication AS r LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
      WHERE r.state IS DISTINCT FROM 'backup' AND r.application_name <> 'pg_basebackup'
        AND r.application_name <> ALL (${parameters.addArray(this.#limits.ignore)})`;
  }

  judge(value: string | null): string | null {
    const { bytes: mostBytes, seconds: mostSeconds } = this.#limits;
    const replicas = value === null ? [] : (JSON.parse(value) as Replica[]);
    const late = replicas.flatMap(({ name, bytes, seconds }) => [
      ...(bytes !== null && bytes > mostBytes
        ? [`replica "${name}" is ${renderBytes(bytes)} behind (limit ${renderBytes(mostBytes)})`]
        : []),
      ...(seconds !== null && seconds > mostSeconds
        ? [`replica "${name}" is ${Math.round(seconds)} s behind (limit ${mostSeconds} s)`]
        : []),
    ]);
    if (late.length > 0) return late.join('; ');
    const hidden = replicas.find(({ bytes }) => bytes === null);
    if (hidden) {
      throw new ThrottleUnreadableError(
        this.name,
        `how far replica "${hidden.name}" is behind is hidden from this role`,
        'GRANT pg_read_all_stats TO it, or set `throttles: { replicaLag: false }`.',
      );
    }
    return null;
  }
}
