import type { BackfillReport } from '../../report/report.js';
import { leasedBy, THE_DATABASE, type RunOutcome } from '../outcome/run-outcome.js';

/** What one process has come to in a run that goes tenant by tenant, over all its turns. */
export interface TenantRunState {
  /** A place was free for it, so that it stays until the whole is done. */
  hasPlace: boolean;
  /** The ledger has been told that it runs. */
  hasBegun: boolean;
}

/** One part of a run that goes tenant by tenant: the canary, a tenant, or at last the whole. */
export interface TenantRun {
  /** What is at hand, in a sentence. */
  readonly title: string;
  /** Whether nothing else may be done meanwhile: what is in others' hands is then waited for. */
  readonly waits: boolean;
  readonly state: TenantRunState;
  /** Whether the run as a whole ends with this ending; else it goes on with another turn, and is recorded as running. */
  endsRun(ending: RunOutcome): boolean;
}

/** What came of a turn. */
export interface TenantRunOutcome {
  /** Of a turn that does not end the run, only what it did itself is told. */
  readonly report: BackfillReport;
  readonly endsRun: boolean;
  /** Who has in hand all that is left of it; null when this process came to an end with it. */
  readonly holder: string | null;
}

/** Others have all of it in hand: another turn comes first. */
export function inOthersHands(owner: string): RunOutcome {
  return { ...leasedBy(owner), holder: owner };
}

/** What keeps this tenant's rows from being done keeps those of the others too, or is a person's or another process' affair. */
export function concernsAll({ status, proved, waitingFor, holder }: RunOutcome): boolean {
  if (holder !== undefined) return false;
  const isOurs = status === 'incomplete' || status === 'complete' || proved;
  return !isOurs || waitingFor === THE_DATABASE;
}
