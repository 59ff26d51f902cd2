import { LEASE_LOST } from '../../postgres/error-classes.js';
import type { Parameters } from '../../postgres/parameters.js';
import type { LedgerContext, SubjectContext } from '../ledger.context.js';
import type { LeasedRange, LeaseScope } from '../range.js';

/** The condition that no process holds the range. */
export const IS_FREE = '(lease_owner IS NULL OR lease_expires_at <= clock_timestamp())';

/** The condition of a scope's ranges that are not done. */
export function isUnfinished(context: SubjectContext, parameters: Parameters, scope: LeaseScope): string {
  const unfinished = `${context.isSubject(parameters)} AND state <> 'done'`;
  return scope === 'every'
    ? unfinished
    : `${unfinished} AND tenants IS NOT DISTINCT FROM ${parameters.addArray(scope)}`;
}

/** The condition under which a change to the range may commit: its fencing token is still ours. */
export function fence(parameters: Parameters, range: LeasedRange): string {
  return `id = ${parameters.add(range.id, 'bigint')} AND fencing_token = ${parameters.add(range.token, 'bigint')}`;
}

/**
 * SET clause that renews the lease along with other work, and sets an expired lease to NULL, for
 * `assertLease`. This is not in WHERE: a statement that takes longer than the lease sees the row as it was
 * when the statement began. Only an assignment is evaluated again for the version that a heartbeat has
 * written since.
 */
export function renewal(context: LedgerContext, parameters: Parameters): string {
  return `lease_expires_at = CASE WHEN lease_expires_at > clock_timestamp()
      THEN clock_timestamp() + ${leaseInterval(context, parameters)} END`;
}

/**
 * Ends the transaction unless the CTE has changed the range under a valid lease. The CTE returns
 * `lease_expires_at`.
 */
export function assertLease(context: SubjectContext, cte: string): string {
  return context.assert(
    `EXISTS (SELECT FROM ${cte} WHERE lease_expires_at IS NOT NULL)`,
    LEASE_LOST,
    'the lease has run out, or another process has taken the range over',
  );
}

/** The duration of a lease as a parameter. */
export function leaseInterval({ leaseMs }: LedgerContext, parameters: Parameters): string {
  return parameters.add(`${leaseMs} milliseconds`, 'interval');
}
