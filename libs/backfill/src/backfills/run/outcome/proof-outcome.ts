import type { LedgerRecord } from '../../../ledger/target/record.opener.js';
import type { TenantScope } from '../../../ledger/range.js';
import type { RunOutcome } from './run-outcome.js';

/** The facts that decide the outcome after the probe of the pending predicate. */
export interface ProvedRun {
  /** The ledger's record at the start of the run. */
  readonly record: LedgerRecord;
  readonly tenants: TenantScope;
  /** Whether the run has taken a range. */
  readonly hasStarted: boolean;
}

/** The reason of a run that has changed rows and proved that no row is pending. */
export const PROVED_COMPLETE = 'No row is pending any more: the probe of the pending predicate found none.';

/** The probe found no pending row except those in quarantine. */
export function rowsInQuarantine(rows: number, { record, hasStarted }: ProvedRun): RunOutcome {
  return {
    status: 'incomplete',
    reason: `${rows === 1 ? '1 row is' : `${rows} rows are`} in quarantine; nothing else is pending. Fix the cause and run with --retry-quarantined.`,
    waitingFor: null,
    proved: false,
    keepsStatus: !hasStarted && record.status === 'incomplete',
  };
}

/**
 * The probe found no pending row.
 *
 * @param withoutRows tenants of the run that have no row in the table
 */
export function nothingPending(run: ProvedRun, withoutRows: readonly string[]): RunOutcome {
  const common = { waitingFor: null, proved: true, nothingToDo: !run.hasStarted, withoutRows };
  return run.tenants === null
    ? { ...common, ...completeForAllTenants(run) }
    : { ...common, ...completeForTenants(run, run.tenants, withoutRows) };
}

type StatusAndReason = Pick<RunOutcome, 'status' | 'reason' | 'keepsStatus'>;

function completeForAllTenants({ record, hasStarted }: ProvedRun): StatusAndReason {
  if (hasStarted) return { status: 'complete', reason: PROVED_COMPLETE };
  if (record.status !== 'complete')
    return {
      status: 'complete',
      reason: 'Nothing was pending: the probe of the pending predicate found no row.',
    };
  return {
    status: 'complete',
    reason: `Nothing to do: complete since ${record.completedAt ?? 'its first run'}, and the probe found no pending row.`,
    keepsStatus: true,
  };
}

function completeForTenants(
  { record, hasStarted }: ProvedRun,
  tenants: readonly string[],
  withoutRows: readonly string[],
): StatusAndReason {
  const withRows = tenants.filter((tenant) => !withoutRows.includes(tenant));
  const reason = describeTenants(withRows, withoutRows);
  return hasStarted
    ? { status: 'incomplete', reason }
    : { status: record.status, reason: `Nothing to do: ${reason}`, keepsStatus: true };
}

function describeTenants(tenants: readonly string[], withoutRows: readonly string[]): string {
  const others = 'the other tenants were not part of this run.';
  if (tenants.length === 0) return `${noRowOf(withoutRows)}; ${others}`;
  const proved = `The probe found no pending row of ${nounOf(tenants)} ${tenants.join(', ')}; ${others}`;
  return withoutRows.length === 0 ? proved : `${proved} ${noRowOf(withoutRows)}.`;
}

/** A sentence about tenants that have no row in the table, without its full stop. */
export function noRowOf(tenants: readonly string[]): string {
  return `No row of the table has the ${nounOf(tenants)} ${tenants.join(', ')}`;
}

function nounOf(tenants: readonly string[]): string {
  return tenants.length === 1 ? 'tenant' : 'tenants';
}

/** A row is still pending, but the last sweep changed no row. @param row the description of that row */
export function nothingChanged(row: string): RunOutcome {
  return stillPending(
    `Row ${row} is still pending, but the last sweep could not change any row. The next run tries again.`,
  );
}

/**
 * The application writes pending rows faster than the run sweeps.
 *
 * @param row the description of one of them
 */
export function rowsKeepArriving(row: string, sweeps: number): RunOutcome {
  return stillPending(
    `Rows became pending during each of ${sweeps} sweeps (e.g. ${row}): the application still writes pending rows. Deploy the code that fills them, then run again.`,
  );
}

function stillPending(reason: string): RunOutcome {
  return { status: 'incomplete', reason, waitingFor: null, proved: false };
}
