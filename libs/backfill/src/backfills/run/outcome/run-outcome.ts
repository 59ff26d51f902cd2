import type { LedgerRecord } from '../../../ledger/status.ledger.js';
import type { TenantScope } from '../../../ledger/range.js';
import type { BackfillStatus } from '../../../ledger/status.js';
import type { Held } from '../gate/batch.gate.js';

/** Where the backfill stands at the end of a run, and why. */
export interface RunOutcome {
  readonly status: BackfillStatus;
  readonly reason: string;
  readonly waitingFor: string | null;
  readonly proved: boolean;
  readonly nothingToDo?: boolean;
  /** The ledger says so already, or it is not ours to say. */
  readonly unrecorded?: boolean;
  /** In a run that goes tenant by tenant: who has all in hand that is left of the one. */
  readonly holder?: string;
  /** Tenants of this run that no row of the table has. */
  readonly withoutRows?: readonly string[];
}

/** What a run waited for that lost its connection for longer than it waits. */
export const THE_DATABASE = 'the database';

/** Why a run begins, for the record. */
export function startReason({ status, completedAt }: LedgerRecord): string {
  switch (status) {
    case 'complete':
      return `Rows became pending after it was complete at ${completedAt ?? 'an earlier time'} (drift).`;
    case 'running':
      return 'Going on where a process left off.';
    case 'incomplete':
      return 'Going on where the last run stopped.';
    case 'failed':
      return 'Started again after it had failed.';
    default:
      return 'First run.';
  }
}

/** A person holds it back, which the ledger says already. */
export function heldBack({ status, reason }: Held): RunOutcome {
  const waitingFor = status === 'paused' ? `a person to resume it: ${reason}` : null;
  return { status, reason, waitingFor, proved: false, unrecorded: true };
}

/** Somebody else is at it. */
export function leasedBy(owner: string): RunOutcome {
  return {
    status: 'running',
    reason: `${owner} is running it; this process leaves it to them.`,
    waitingFor: `the lease of ${owner}`,
    proved: false,
    unrecorded: true,
  };
}

/** Another process that has a part in the run was the one to prove it. */
export function provedByAnother(): RunOutcome {
  return {
    status: 'complete',
    reason: 'Every row is done: another process that had a part in it has proved it.',
    waitingFor: null,
    proved: true,
    unrecorded: true,
  };
}

/** The probe found nothing but rows in quarantine. @param running the run has done something */
export function heldByQuarantine(record: LedgerRecord, rows: number, running: boolean): RunOutcome {
  return {
    status: 'incomplete',
    reason: `${rows === 1 ? '1 row is' : `${rows} rows are`} in quarantine; nothing else is pending. Mend the cause and run with --retry-quarantined.`,
    waitingFor: null,
    proved: false,
    unrecorded: !running && record.status === 'incomplete',
  };
}

/** A sentence without its full stop. */
export function noRowHas(tenants: readonly string[]): string {
  return `No row of the table has the ${tenants.length === 1 ? 'tenant' : 'tenants'} ${tenants.join(', ')}`;
}

/**
 * The probe found nothing.
 *
 * @param running the run has done something
 * @param withoutRows those of the tenants that no row of the table has
 */
export function nothingPending(
  record: LedgerRecord,
  tenants: TenantScope,
  running: boolean,
  withoutRows: readonly string[],
): RunOutcome {
  const found = { waitingFor: null, proved: true, nothingToDo: !running, withoutRows };
  if (tenants !== null) {
    const reason = doneOf(
      tenants.filter((tenant) => !withoutRows.includes(tenant)),
      withoutRows,
    );
    return running
      ? { ...found, status: 'incomplete', reason, unrecorded: false }
      : { ...found, status: record.status, reason: `Nothing to do: ${reason}`, unrecorded: true };
  }
  if (running)
    return {
      ...found,
      status: 'complete',
      reason: 'Every row is done: the probe of the pending predicate found none.',
    };
  return record.status === 'complete'
    ? {
        ...found,
        status: 'complete',
        reason: `Nothing to do: complete since ${record.completedAt ?? 'its first run'}, and the probe finds no pending row now either.`,
        unrecorded: true,
      }
    : {
        ...found,
        status: 'complete',
        reason: 'Nothing was pending: the probe of the pending predicate found no row.',
      };
}

function doneOf(tenants: readonly string[], withoutRows: readonly string[]): string {
  const others = 'the others were not part of this run.';
  if (tenants.length === 0) return `${noRowHas(withoutRows)}; ${others}`;
  const done = `The rows of ${tenants.length === 1 ? 'tenant' : 'tenants'} ${tenants.join(', ')} are done, which the probe proved; ${others}`;
  return withoutRows.length === 0 ? done : `${done} ${noRowHas(withoutRows)}.`;
}

/** A row is pending although the table was swept. @param stuck the last sweep could change nothing */
export function neverEnding(row: string, stuck: boolean, sweeps: number): RunOutcome {
  return {
    status: 'incomplete',
    reason: stuck
      ? `Row ${row} is pending, and the last sweep could change nothing; the next run tries again.`
      : `Rows became pending during each of ${sweeps} sweeps (e.g. ${row}): the application still writes them so. Deploy the code that fills them, then run again.`,
    waitingFor: null,
    proved: false,
  };
}
