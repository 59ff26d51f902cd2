/**
 * Operations on the backfill's own table that a run can wait for:
 * - `wraparound`: an autovacuum that prevents transaction ID wraparound
 * - `autovacuum`: any autovacuum that vacuums the table
 * - `vacuum`: a VACUUM that a person or a job started
 * - `analyze`: ANALYZE, also by autovacuum
 * - `create-index`: CREATE INDEX and REINDEX, with or without CONCURRENTLY
 * - `cluster`: CLUSTER and VACUUM FULL
 *
 * @publicApi
 */
export const MAINTENANCE_KINDS = [
  'wraparound',
  'autovacuum',
  'vacuum',
  'analyze',
  'create-index',
  'cluster',
] as const;
/**
 * One of `MAINTENANCE_KINDS`.
 *
 * @publicApi
 */
export type MaintenanceKind = (typeof MAINTENANCE_KINDS)[number];

/**
 * The load limits at which a run waits. Each limit can be set for the module and for one backfill; `false`
 * turns a throttle off. While a value is above its limit, the run waits with no transaction open. It
 * continues automatically when the value falls to the limit.
 *
 * @publicApi
 */
export interface ThrottleOptions {
  /**
   * The maximum lag of a replica: `bytes` of WAL that it has not replayed, and `seconds` of `replay_lag`.
   * `ignore` lists the `application_name` of replicas that are delayed on purpose.
   * @default { bytes: 268_435_456, seconds: 10, ignore: [] }
   */
  readonly replicaLag?:
    | {
        readonly bytes?: number;
        readonly seconds?: number;
        readonly ignore?: readonly string[];
      }
    | false;
  /**
   * Replication slots: the maximum of WAL that one may hold, also one that nobody reads, and the WAL that the server must
   * still be allowed to write before a slot is lost (`max_slot_wal_keep_size`), in bytes. `ignore` lists names of slots.
   * @default { bytes: 1_073_741_824, safeBytes: 67_108_864, ignore: [] }
   */
  readonly replicationSlots?:
    | {
        readonly bytes?: number;
        readonly safeBytes?: number;
        readonly ignore?: readonly string[];
      }
    | false;
  /**
   * The maximum number of WAL files that wait for the archiver.
   * @default { files: 64 }
   */
  readonly walArchive?: { readonly files?: number } | false;
  /**
   * Operations on the table that the run waits for.
   * @default ['wraparound', 'vacuum', 'create-index', 'cluster']
   */
  readonly maintenance?: readonly MaintenanceKind[] | false;
  /**
   * The maximum number of sessions that wait for a lock on the whole `table`, e.g. a migration, and on its
   * `rows`. Backfills do not count.
   * @default { table: 0, rows: 10 }
   */
  readonly lockWaiters?: { readonly table?: number; readonly rows?: number } | false;
  /**
   * Maximum age, in seconds, of the oldest transaction in this database that prevents VACUUM from removing
   * dead rows.
   * @default { seconds: 3_600 }
   */
  readonly oldestTransaction?: { readonly seconds?: number } | false;
  /**
   * The maximum share of `max_connections` that is active at the same moment, from 0 to 1.
   * @default { share: 0.75 }
   */
  readonly activeConnections?: { readonly share?: number } | false;
  /**
   * Milliseconds between two polls of the throttles and of the settings that a person has changed.
   * @default 1_000
   */
  readonly interval?: number;
  /** Milliseconds after which a throttle that cannot be read counts as above its limit. @default 15_000 */
  readonly unreadableAfter?: number;
}
