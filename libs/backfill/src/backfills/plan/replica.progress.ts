import { nullable, number, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';

/** How far the replicas have replayed at one moment. */
export interface ReplicaReading {
  readonly at: number;
  readonly replicas: readonly ReplicaPosition[];
}

interface ReplicaPosition {
  readonly name: string;
  readonly lagBytes: number | null;
  /** Bytes of WAL since the beginning. */
  readonly replayed: number | null;
}

export interface ReplicaProgress {
  readonly name: string;
  readonly lagBytes: number | null;
  readonly replayedPerSecond: number | null;
}

/** What a replica has replayed, or a subscriber has applied. The slot of a physical replica does not tell it. */
const REPLAYED = 'coalesce(r.replay_lsn, r.flush_lsn, s.confirmed_flush_lsn)';
/** A base backup is not a replica. */
const REPLICAS = `SELECT r.application_name,
    pg_catalog.pg_wal_lsn_diff(CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, ${REPLAYED})::text,
    pg_catalog.pg_wal_lsn_diff(${REPLAYED}, '0/0')::text
  FROM pg_catalog.pg_stat_replication AS r LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.active_pid = r.pid
  WHERE r.state IS DISTINCT FROM 'backup' AND r.application_name <> 'pg_basebackup' ORDER BY 1`;

export async function readReplicas(session: Session): Promise<ReplicaReading> {
  const { last } = await session.send([{ text: REPLICAS }]);
  return {
    at: performance.now(),
    replicas: last.all({ name: text, lagBytes: nullable(number), replayed: nullable(number) }),
  };
}

/** What the replicas have replayed between two readings. */
export function replicaProgress(before: ReplicaReading, after: ReplicaReading): ReplicaProgress[] {
  const seconds = Math.max(0.001, (after.at - before.at) / 1000);
  return after.replicas.map(({ name, lagBytes, replayed }) => {
    const earlier = before.replicas.find((replica) => replica.name === name)?.replayed ?? null;
    const bytes = replayed === null || earlier === null ? null : Math.max(0, replayed - earlier);
    return { name, lagBytes, replayedPerSecond: bytes === null ? null : Math.round(bytes / seconds) };
  });
}
