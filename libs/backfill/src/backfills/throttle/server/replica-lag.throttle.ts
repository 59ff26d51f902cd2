import type { Parameters } from '../../../postgres/parameters.js';
import { ThrottleUnreadableError } from '../throttle.error.js';
import { formatBytes } from '../../../text/bytes.format.js';
import type { ServerThrottle } from './server.throttle.js';
import type { ThrottleLimits } from '../throttle.limits.js';

interface Replica {
  readonly name: string;
  /** Null if it is hidden from this role, and no logical slot tells it. */
  readonly bytes: number | null;
  readonly seconds: number | null;
}

/**
 * Replicas and logical subscribers that lag behind. A role without `pg_read_all_stats` sees only that they
 * exist. What a subscriber has applied is then known from its slot. The slot of a physical replica only says what it
 * has received, not what it has replayed, so that its lag stays hidden.
 */
export class ReplicaLagThrottle implements ServerThrottle {
  readonly name = 'replica lag';
  readonly #limits: NonNullable<ThrottleLimits['replicaLag']>;

  constructor(limits: NonNullable<ThrottleLimits['replicaLag']>) {
    this.#limits = limits;
  }

  query(parameters: Parameters): string {
    // A base backup is not a replica, and it always lags.
    return `SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', r.application_name, 'seconds', extract(epoch FROM r.replay_lag),
        'bytes', pg_catalog.pg_wal_lsn_diff(
          CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn() ELSE pg_catalog.pg_current_wal_lsn() END,
          coalesce(r.replay_lsn, r.flush_lsn, r.write_lsn, r.sent_lsn, s.confirmed_flush_lsn))))
      FROM pg_catalog.pg_stat_replication AS r LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.active_pid = r.pid
      WHERE r.state IS DISTINCT FROM 'backup' AND r.application_name <> 'pg_basebackup'
        AND r.application_name <> ALL (${parameters.addArray(this.#limits.ignore)})`;
  }

  waitReason(value: string | null): string | null {
    const { bytes: maxBytes, seconds: maxSeconds } = this.#limits;
    const replicas = value === null ? [] : (JSON.parse(value) as Replica[]);
    const lagging = replicas.flatMap(({ name, bytes, seconds }) => [
      ...(bytes !== null && bytes > maxBytes
        ? [`replica "${name}" is ${formatBytes(bytes)} behind (limit ${formatBytes(maxBytes)})`]
        : []),
      ...(seconds !== null && seconds > maxSeconds
        ? [`replica "${name}" is ${Math.round(seconds)} s behind (limit ${maxSeconds} s)`]
        : []),
    ]);
    if (lagging.length > 0) return lagging.join('; ');
    const hidden = replicas.find(({ bytes }) => bytes === null);
    if (hidden) {
      throw new ThrottleUnreadableError(
        this.name,
        `the lag of replica "${hidden.name}" is hidden from this role`,
        'GRANT pg_read_all_stats TO the role, or set `throttles: { replicaLag: false }`.',
      );
    }
    return null;
  }
}
