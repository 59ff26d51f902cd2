/** Characters of a session's query that a message shows. */
const MAX_QUERY_LENGTH = 200;

/**
 * SQL: a session by its process id and application, such as `pid 4711 (psql)`.
 *
 * @param activity alias of a row of pg_stat_activity
 */
export function nameSession(activity: string): string {
  return `format('pid %s (%s)', ${activity}.pid, coalesce(nullif(${activity}.application_name, ''), 'no application name'))`;
}

/**
 * SQL: a session and what it does, such as `pid 4711 (psql), idle in transaction, transaction open for 20 s,
 * query: UPDATE leads SET …`.
 *
 * A blocking transaction without a session (the row is NULL after an outer join) is a prepared one.
 *
 * @param activity alias of a row of pg_stat_activity
 */
export function describeSession(activity: string): string {
  const openSeconds = `round(extract(epoch FROM clock_timestamp() - ${activity}.xact_start))::text`;
  const query = `left(regexp_replace(${activity}.query, '\\s+', ' ', 'g'), ${MAX_QUERY_LENGTH})`;
  return `CASE WHEN ${activity}.pid IS NULL THEN 'a prepared transaction' ELSE concat_ws(', ',
    ${nameSession(activity)},
    coalesce(${activity}.state, ${activity}.backend_type),
    'transaction open for ' || ${openSeconds} || ' s',
    'query: ' || nullif(${query}, '')) END`;
}
