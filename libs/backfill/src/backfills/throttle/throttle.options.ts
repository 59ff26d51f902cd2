/**
 * What may run on the backfill's own table while the backfill stands aside.
 * `wraparound`: autovacuum that keeps transaction ids from wrapping around; `autovacuum`: any of autovacuum's VACUUMs;
 * `vacuum`: a VACUUM that a person or a job started; `analyze`: either's ANALYZE; `create-index`: CREATE INDEX and REINDEX,
 * concurrently or not; `cluster`: CLUSTER and VACUUM FULL.
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
/** One of `MAINTENANCE_KINDS`. */
export type MaintenanceKind = (typeof MAINTENANCE_KINDS)[number];

/**
 * When a run makes way for the rest of the database. Each limit can be set for the module and for one backfill; `false` turns a
 * throttle off. A run waits while a value is above its limit, with no transaction open, and goes on by itself.
 *
 * @publicApi
 */
export interface ThrottleOptions {
  /**
   * How far any replica may be behind: `bytes` of WAL that it has not replayed, and `seconds` by PostgreSQL's own measure.
   * `ignore` names replicas (their `application_name`) that are behind on purpose.
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
   * How many WAL files may wait for the archiver.
   * @default { files: 64 }
   */
  readonly walArchive?: { readonly files?: number } | false;
  /**
   * What is waited for when it runs on the table itself.
   * @default ['wraparound', 'vacuum', 'create-index', 'cluster']
   */
  readonly maintenance?: readonly MaintenanceKind[] | false;
  /**
   * How many sessions may wait for a lock: on the whole `table`, e.g. a migration, and on its `rows`. Backfills do not count.
   * @default { table: 0, rows: 10 }
   */
  readonly lockWaiters?: { readonly table?: number; readonly rows?: number } | false;
  /**
   * How old, in seconds, the oldest transaction of this database may be that keeps VACUUM from clearing dead rows away.
   * @default { seconds: 3_600 }
   */
  readonly oldestTransaction?: { readonly seconds?: number } | false;
  /**
   * Which share of `max_connections` may be at work at once, from 0 to 1.
   * @default { share: 0.75 }
   */
  readonly activeConnections?: { readonly share?: number } | false;
  /** Milliseconds between two looks at all of it, and at what a person has set meanwhile. @default 1_000 */
  readonly interval?: number;
  /** Milliseconds after which a throttle that cannot be read holds the run as if it were above its limit. @default 15_000 */
  readonly unreadableAfter?: number;
}
