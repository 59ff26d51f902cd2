import type { BackfillStatus } from '../../../ledger/status.js';
import type { BackfillReport } from '../../../report/report.js';
import { READ_ONLY_WAITS } from '../../../postgres/server/read-access.js';
import type { HeldByPerson } from '../gate/held-by-person.js';

/** The result of a run: the status of the backfill and its reason. */
export interface RunOutcome {
  readonly status: BackfillStatus;
  /** A sentence. */
  readonly reason: string;
  readonly waitingFor: string | null;
  readonly proved: boolean;
  readonly nothingToDo?: boolean;
  /** See the report. */
  readonly unprovable?: NonNullable<BackfillReport['unprovable']>;
  /** The backfill that this one depends on, and which is not complete. */
  readonly waitsForBackfill?: string;
  /** The ledger keeps its status: it is already correct, or another process sets it. @default false */
  readonly keepsStatus?: boolean;
  /** In a run in tenant order: one of the processes that hold every remaining range of these tenants. */
  readonly holder?: string;
  /** Tenants of this run that have no row in the table. */
  readonly withoutRows?: readonly string[];
}

/** The value of `waitingFor` if the run could not reconnect in time. */
export const THE_DATABASE = 'the database';

type KeepsStatus = { readonly keepsStatus: boolean };

const NOT_PROVED = { waitingFor: null, proved: false } as const;

/** A person has paused or cancelled the backfill. The ledger already has this status. */
export function heldByPerson({ status, reason }: HeldByPerson): RunOutcome {
  const waitingFor = status === 'paused' ? `a person to resume it: ${reason}` : null;
  return { status, reason, waitingFor, proved: false, keepsStatus: true };
}

/** Another process runs the backfill. */
export function leasedByOther(owner: string): RunOutcome {
  return {
    status: 'running',
    reason: `${owner} is running it; this process takes no part.`,
    waitingFor: `the lease of ${owner}`,
    proved: false,
    keepsStatus: true,
  };
}

/** Other processes hold every remaining range of these tenants: this process continues with other tenants. */
export function tenantsLeasedByOther(owner: string): RunOutcome {
  return { ...leasedByOther(owner), holder: owner };
}

/** Another process has taken over the range of a run that only one process may run. */
export function leaseLost(reason: string): RunOutcome {
  return { ...NOT_PROVED, status: 'running', reason, keepsStatus: true };
}

/** Another process of the same run has proved it complete. */
export function provedByAnother(): RunOutcome {
  return {
    status: 'complete',
    reason: 'No row is pending any more: another process of this run has proved it.',
    waitingFor: null,
    proved: true,
    keepsStatus: true,
  };
}

/** The run was asked to stop, or cannot continue now. The next run resumes it. */
export function incomplete(
  reason: string,
  { waitingFor = null, keepsStatus = false }: Partial<Pick<RunOutcome, 'waitingFor' | 'keepsStatus'>> = {},
): RunOutcome {
  return { status: 'incomplete', reason, waitingFor, proved: false, keepsStatus };
}

/** The run could not reconnect to the database in time, or the database executed no changes. */
export function databaseLost(
  { reason, waitingFor }: { readonly reason: string; readonly waitingFor: string },
  { keepsStatus }: KeepsStatus,
): RunOutcome {
  return incomplete(reason, { waitingFor, keepsStatus });
}

export function isDatabaseLost({ waitingFor }: RunOutcome): boolean {
  return waitingFor === THE_DATABASE || Object.values(READ_ONLY_WAITS).some((wait) => wait === waitingFor);
}

/** @param lock the lock and its holders; null if they are not known */
export function lockedOut(lock: string | null, { keepsStatus }: KeepsStatus): RunOutcome {
  return incomplete(
    `A lock was not available within the lock timeout: ${lock ?? 'its holder is not known'}.`,
    {
      waitingFor: lock ?? 'a lock',
      keepsStatus,
    },
  );
}

/** A backfill that this one depends on is not complete. */
export function waitsForDependency(
  status: BackfillStatus,
  dependency: { readonly name: string; readonly status: BackfillStatus },
): RunOutcome {
  const backfill = `the backfill "${dependency.name}"`;
  return {
    status,
    reason: `Waits for ${backfill}, which is ${dependency.status}.`,
    waitingFor: backfill,
    waitsForBackfill: dependency.name,
    proved: false,
    keepsStatus: true,
  };
}

/**
 * The backfill was complete, and what it reads or writes has been dropped since: no row can be pending, and nothing can
 * be proved.
 */
export function columnGone(unprovable: NonNullable<BackfillReport['unprovable']>): RunOutcome {
  const { problem, provedAt } = unprovable;
  return {
    status: 'complete',
    reason: `Nothing to do: ${cannotBeProvedAgain(problem, provedAt)}`,
    waitingFor: null,
    proved: false,
    nothingToDo: true,
    unprovable,
    keepsStatus: true,
  };
}

export function cannotBeProvedAgain(problem: string, provedAt: string | null): string {
  const proved = provedAt === null ? 'It was proved' : `Proved at ${provedAt}`;
  return `${proved}. It cannot be proved again, because its column or table is gone: ${problem}. Remove the class; if a migration requires it, name it in \`retired\`.`;
}

/** The run failed with an error that would occur in the next run too. */
export function failed(reason: string, { keepsStatus }: KeepsStatus): RunOutcome {
  return { ...NOT_PROVED, status: 'failed', reason, keepsStatus };
}
