import { formatBytes } from '../../../text/bytes.format.js';

/** A replication slot that holds WAL. Every role may read it. */
export interface ReplicationSlot {
  readonly name: string;
  readonly type: 'physical' | 'logical';
  /** Whether a replica or a subscriber reads it now. */
  readonly active: boolean;
  /** Bytes of WAL that the server keeps for it. */
  readonly bytes: number;
  /** `reserved`, `extended` or `unreserved`: the server may delete its WAL at the next checkpoint. */
  readonly status: string | null;
  /** Bytes of WAL that can still be written before it is lost; null without `max_slot_wal_keep_size`. */
  readonly safeBytes: number | null;
}

export interface SlotLimits {
  readonly bytes: number;
  readonly safeBytes: number;
}

/**
 * A query that returns the slots as one JSON array, or NULL if there is none. The slot of a base backup ends with it.
 *
 * @param ignored names of slots, as a placeholder of the type text[]
 */
export function slotsQuery(ignored: string): string {
  return `SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', s.slot_name, 'type', s.slot_type, 'active', s.active,
      'bytes', pg_catalog.pg_wal_lsn_diff(
        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_receive_lsn() ELSE pg_catalog.pg_current_wal_lsn() END, s.restart_lsn),
      'status', s.wal_status, 'safeBytes', s.safe_wal_size) ORDER BY s.slot_name)
    FROM pg_catalog.pg_replication_slots AS s
    WHERE s.restart_lsn IS NOT NULL AND s.wal_status IS DISTINCT FROM 'lost' AND NOT s.temporary
      AND s.slot_name::text <> ALL (${ignored})`;
}

/** @param json the value of `slotsQuery` */
export function slotsOf(json: string | null): readonly ReplicationSlot[] {
  return json === null ? [] : (JSON.parse(json) as ReplicationSlot[]);
}

/** What is wrong with a slot, as a phrase; null if it is within the limits. */
export function slotProblem(slot: ReplicationSlot, limits: SlotLimits): string | null {
  const { bytes, safeBytes, status } = slot;
  if (status === 'unreserved')
    return `${describeSlot(slot)} is about to be lost: it holds more WAL than max_slot_wal_keep_size allows`;
  // A slot that has used less than half of its allowance is not in danger, however small the allowance is.
  if (safeBytes !== null && safeBytes < limits.safeBytes && safeBytes < bytes)
    return `${describeSlot(slot)} is lost after another ${formatBytes(Math.max(0, safeBytes))} of WAL (limit ${formatBytes(limits.safeBytes)})`;
  if (bytes > limits.bytes)
    return `${describeSlot(slot)} holds ${formatBytes(bytes)} of WAL (limit ${formatBytes(limits.bytes)})`;
  return null;
}

export function describeSlot({ name, type, active }: ReplicationSlot): string {
  return `the ${type} slot "${name}"${active ? '' : ', which nobody reads,'}`;
}
