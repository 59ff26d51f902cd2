import { isRedacting } from '../errors/redaction.js';

/** The maximum number of characters of a session's query in a message. */
const MAX_QUERY_LENGTH = 200;

/**
 * SQL expression for the process ID and application of a session, e.g. `pid 4711 (psql)`.
 *
 * @param activity alias of a row of pg_stat_activity
 */
export function nameSession(activity: string): string {
  return `pg_catalog.format('pid %s (%s)', ${activity}.pid, coalesce(nullif(${activity}.application_name, ''), 'no application name'))`;
}

/**
 * SQL expression that describes a session, its state and its query, e.g. `pid 4711 (psql), idle in
 * transaction, transaction open for 20 s, query: UPDATE leads SET …`.
 *
 * A blocking transaction without a session (the outer join returns NULL) is a prepared transaction. The query may hold
 * personal data, so it is left out while texts are redacted: call this for each statement, not once for all.
 *
 * @param activity alias of a row of pg_stat_activity
 */
export function describeSession(activity: string): string {
  const openSeconds = `pg_catalog.round(extract(epoch FROM pg_catalog.clock_timestamp() - ${activity}.xact_start))::text`;
  const query = isRedacting()
    ? 'NULL'
    : `pg_catalog.left(pg_catalog.regexp_replace(${activity}.query, '\\s+', ' ', 'g'), ${MAX_QUERY_LENGTH})`;
  return `CASE WHEN ${activity}.pid IS NULL THEN 'a prepared transaction' ELSE pg_catalog.concat_ws(', ',
    ${nameSession(activity)},
    coalesce(${activity}.state, ${activity}.backend_type),
    'transaction open for ' || ${openSeconds} || ' s',
    'query: ' || nullif(${query}, '')) END`;
}

/** What the statement of a session waits for. */
export interface SessionWait {
  /** Descriptions of the sessions that hold a lock that it needs. */
  readonly holders: readonly string[];
  /** Whether its COMMIT waits for a synchronous standby. */
  readonly isForStandby: boolean;
}

/** Describes the wait of a COMMIT with `wait_event = 'SyncRep'`. */
export const SYNCHRONOUS_STANDBY =
  'a synchronous standby to confirm a commit (SyncRep): none of synchronous_standby_names does';
