import type { LedgerRecord } from '../../../ledger/status.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import type { RunOutcome } from './run-outcome.js';

/** What is known when the probe of the pending predicate has finished. */
export interface ProvedRun {
  /** The ledger's record at the start of the run. */
  readonly record: LedgerRecord;
  readonly tenants: TenantScope;
  /** The run has taken a range. */
  readonly hasStarted: boolean;
}

/** The reason of a run that has done rows and proved that none is left. */
export const EVERY_ROW_DONE = 'Every row is done: the probe of the pending predicate found none.';

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
    ? { ...common, ...everyRowDone(run) }
    : { ...common, ...tenantsDone(run, run.tenants, withoutRows) };
}

type Ending = Pick<RunOutcome, 'status' | 'reason' | 'keepsStatus'>;

function everyRowDone({ record, hasStarted }: ProvedRun): Ending {
  if (hasStarted) return { status: 'complete', reason: EVERY_ROW_DONE };
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

function tenantsDone(
  { record, hasStarted }: ProvedRun,
  tenants: readonly string[],
  withoutRows: readonly string[],
): Ending {
  const withRows = tenants.filter((tenant) => !withoutRows.includes(tenant));
  const reason = describeTenants(withRows, withoutRows);
  return hasStarted
    ? { status: 'incomplete', reason }
    : { status: record.status, reason: `Nothing to do: ${reason}`, keepsStatus: true };
}

function describeTenants(tenants: readonly string[], withoutRows: readonly string[]): string {
  const others = 'the other tenants were not part of this run.';
  if (tenants.length === 0) return `${noRowOf(withoutRows)}; ${others}`;
  const done = `The probe found no pending row of ${nounOf(tenants)} ${tenants.join(', ')}; ${others}`;
  return withoutRows.length === 0 ? done : `${done} ${noRowOf(withoutRows)}.`;
}

/** A sentence without its full stop. */
export function noRowOf(tenants: readonly string[]): string {
  return `No row of the table has the ${nounOf(tenants)} ${tenants.join(', ')}`;
}

function nounOf(tenants: readonly string[]): string {
  return tenants.length === 1 ? 'tenant' : 'tenants';
}

/** A row is still pending, but the last sweep changed no row. @param row the row, in words */
export function nothingChanged(row: string): RunOutcome {
  return stillPending(
    `Row ${row} is still pending, but the last sweep could not change any row. The next run tries again.`,
  );
}

/** The application writes pending rows faster than the run sweeps. @param row one of them, in words */
export function rowsKeepArriving(row: string, sweeps: number): RunOutcome {
  return stillPending(
    `Rows became pending during each of ${sweeps} sweeps (e.g. ${row}): the application still writes pending rows. Deploy the code that fills them, then run again.`,
  );
}

function stillPending(reason: string): RunOutcome {
  return { status: 'incomplete', reason, waitingFor: null, proved: false };
}
