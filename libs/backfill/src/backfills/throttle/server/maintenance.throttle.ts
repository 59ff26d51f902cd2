import type { ServerThrottle } from './server.throttle.js';
import type { MaintenanceKind } from '../throttle.options.js';

const LABELS = {
  wraparound: 'autovacuum to prevent wraparound',
  autovacuum: 'autovacuum',
  vacuum: 'VACUUM',
  analyze: 'ANALYZE',
  'create-index': 'CREATE INDEX',
  cluster: 'CLUSTER or VACUUM FULL',
} as const satisfies Record<MaintenanceKind, string>;

const PROGRESS = {
  vacuum: 'pg_stat_progress_vacuum',
  analyze: 'pg_stat_progress_analyze',
  'create-index': 'pg_stat_progress_create_index',
  cluster: 'pg_stat_progress_cluster',
} as const;

/**
 * The table's transaction ID age is so high that any autovacuum of it prevents wraparound. This condition is
 * used if the role cannot read the query text of the autovacuum worker.
 */
const IS_OLD = `EXISTS (
  SELECT FROM relation AS r LEFT JOIN LATERAL (
    SELECT pg_catalog.max(option_value::bigint) FILTER (WHERE option_name = 'autovacuum_freeze_max_age') AS age,
      pg_catalog.max(option_value::bigint) FILTER (WHERE option_name = 'autovacuum_multixact_freeze_max_age') AS multixact_age
    FROM pg_catalog.pg_options_to_table(r.reloptions) WHERE option_name LIKE 'autovacuum%freeze_max_age') AS own ON true
  WHERE r.relkind IN ('r', 'm') AND (
    pg_catalog.age(r.relfrozenxid) > least(own.age, pg_catalog.current_setting('autovacuum_freeze_max_age')::bigint)
    OR pg_catalog.mxid_age(r.relminmxid) > least(own.multixact_age, pg_catalog.current_setting('autovacuum_multixact_freeze_max_age')::bigint)))`;

/**
 * Maintenance operations on the table. They are detected by a lock on the table together with a row in a
 * progress view: every role can read the process IDs in these views, but few roles can read the tables in
 * them.
 */
export class MaintenanceThrottle implements ServerThrottle {
  readonly name = 'maintenance of the table';
  readonly usesTableLocks = true;
  readonly #kinds: readonly MaintenanceKind[];

  constructor(kinds: readonly MaintenanceKind[]) {
    this.#kinds = kinds;
  }

  query(): string {
    const views = Object.entries(PROGRESS).map(
      ([kind, view]) => `SELECT pid, '${kind}' AS kind FROM pg_catalog.${view}`,
    );
    return `SELECT pg_catalog.json_agg(pg_catalog.json_build_object('pid', w.pid, 'kind', CASE
          WHEN p.kind <> 'vacuum' OR a.usesysid IS NOT NULL THEN p.kind
          WHEN CASE WHEN a.query LIKE 'autovacuum:%' THEN a.query LIKE '%(to prevent wraparound)%' ELSE ${IS_OLD} END
            THEN 'wraparound' ELSE 'autovacuum' END))
      FROM (SELECT DISTINCT pid FROM table_lock WHERE on_table AND granted AND mode <> 'AccessShareLock') AS w
      JOIN (${views.join(' UNION ALL ')}) AS p ON p.pid = w.pid
      JOIN pg_catalog.pg_stat_activity AS a ON a.pid = w.pid`;
  }

  waitReason(value: string | null): string | null {
    const running = value === null ? [] : (JSON.parse(value) as { pid: number; kind: MaintenanceKind }[]);
    const relevant = running.filter(({ kind }) => this.#isRelevant(kind));
    if (relevant.length === 0) return null;
    return `${relevant.map(({ pid, kind }) => `${LABELS[kind]} (pid ${pid})`).join(', ')} is running on it`;
  }

  /** An autovacuum that prevents wraparound is an autovacuum too. */
  #isRelevant(kind: MaintenanceKind): boolean {
    return this.#kinds.includes(kind) || (kind === 'wraparound' && this.#kinds.includes('autovacuum'));
  }
}
