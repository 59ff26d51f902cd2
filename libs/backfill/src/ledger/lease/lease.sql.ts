import { LEASE_LOST } from '../../postgres/error-classes.js';
import type { Parameters } from '../../postgres/parameters.js';
import type { LedgerContext, SubjectContext } from '../ledger.context.js';
import type { LeasedRange, LeaseScope } from '../range.js';

/** The SQL condition that no process holds the range. */
export const IS_FREE = '(lease_owner IS NULL OR lease_expires_at <= pg_catalog.clock_timestamp())';

/**
 * The SQL condition that a range is of exactly these tenants.
 *
 * @param column the tenants of the range
 * @param tenants as a parameter; NULL means all rows
 */
export function isScope(column: string, tenants: string): string {
  // Not IS NOT DISTINCT FROM, which calls an operator for text[] that anybody has created in `public`.
  return `(${column} OPERATOR(pg_catalog.=) ${tenants} OR (${column} IS NULL AND ${tenants} IS NULL))`;
}

/** The SQL condition that a range belongs to the scope and is not done. */
export function isUnfinished(context: SubjectContext, parameters: Parameters, scope: LeaseScope): string {
  const unfinished = `${context.isSubject(parameters)} AND state <> 'done'`;
  return scope === 'every'
    ? unfinished
    : `${unfinished} AND ${isScope('tenants', parameters.addArray(scope))}`;
}

/**
 * The SQL condition that a row is this range. It finds the newest version of the row without reading the
 * earlier ones, which PostgreSQL keeps while an old snapshot is open.
 */
export function isRange({ schema }: LedgerContext, parameters: Parameters, { id }: LeasedRange): string {
  const wanted = parameters.add(id, 'bigint');
  return `id = ${wanted}
    AND chain >= (SELECT newest.chain FROM ${schema}.range AS newest WHERE newest.id = ${wanted} ORDER BY newest.chain DESC LIMIT 1)`;
}

/**
 * The SQL condition that the range still has the fencing token of this lease. Only then may a change commit.
 */
export function fence(context: LedgerContext, parameters: Parameters, range: LeasedRange): string {
  return `${isRange(context, parameters, range)} AND fencing_token = ${parameters.add(range.token, 'bigint')}`;
}

/**
 * Assignments for a SET clause. They count the update, renew a valid lease, and set an expired lease to NULL
 * for `assertLease`.
 *
 * The expiry is not tested in WHERE: a long statement tests WHERE with the row version of its snapshot, so it
 * would exclude the row although a heartbeat has renewed the lease since. PostgreSQL evaluates the assignment
 * again with the newer row version.
 */
export function renewal(context: LedgerContext, parameters: Parameters): string {
  return `revision = revision + 1, lease_expires_at = CASE WHEN lease_expires_at > pg_catalog.clock_timestamp()
      THEN pg_catalog.clock_timestamp() + ${leaseInterval(context, parameters)} END`;
}

/**
 * An SQL call that raises an error of the class `lease-lost` unless the CTE has changed the range under a
 * valid lease. The CTE returns `lease_expires_at`.
 */
export function assertLease(context: SubjectContext, cte: string): string {
  return context.assert(
    `EXISTS (SELECT FROM ${cte} WHERE lease_expires_at IS NOT NULL)`,
    LEASE_LOST,
    'the lease has expired, or another process has taken over the range',
  );
}

/** The duration of a lease as a placeholder of the type interval. */
export function leaseInterval({ leaseMs }: LedgerContext, parameters: Parameters): string {
  return parameters.add(`${leaseMs} milliseconds`, 'interval');
}
