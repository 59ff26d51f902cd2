import type { LedgerRecord } from '../../../ledger/target/record.opener.js';
import type { LeasedRange } from '../../../ledger/range.js';
import type { RowSelection } from '../../batch/row-selection.js';
import type { RunOutcome } from '../outcome/run-outcome.js';
import type { RunContext } from './run.context.js';

/**
 * The state machine of a run: from → to → the reason for the edge. `end` means that the state returns a
 * `RunOutcome`. The compiler refuses every other edge.
 */
export const RUN_TRANSITIONS = {
  takeRange: {
    processRanges: 'A range was free, or the range of another worker was split and its second half was free.',
    waitForOthers: 'There is no range to take.',
  },
  processRanges: {
    takeRange: 'The workers found no other range to take, or another process has taken over a range.',
    end: 'A batch failed permanently, the run was stopped, a person paused or cancelled the backfill, or the lease was lost.',
  },
  waitForOthers: {
    takeRange: 'Another process may have released, split or planned a range.',
    prove: 'Every range is done.',
    end: 'Another process runs the backfill, a person paused or cancelled it, or the run was stopped.',
  },
  prove: {
    takeRange: 'Another process of the run holds the completion lease; it may plan another sweep.',
    planSweep:
      'The probe found a pending row: no sweep was planned yet, or the row became pending behind the cursor.',
    end: 'No row is pending, rows keep becoming pending, the run was stopped, or a person paused or cancelled it.',
  },
  planSweep: {
    takeRange: 'The ranges of the next sweep are in the ledger.',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type RunStateName = keyof typeof RUN_TRANSITIONS;

/** The next state after `From`, or the outcome of the run. */
export type NextState<From extends RunStateName> =
  | Extract<keyof (typeof RUN_TRANSITIONS)[From], RunStateName>
  | ('end' extends keyof (typeof RUN_TRANSITIONS)[From] ? RunOutcome : never);

/** The variables of the loop that the states share. */
export interface LoopMemory {
  readonly record: LedgerRecord;
  readonly selection: RowSelection;
  /** The range that was taken last. */
  range: LeasedRange | null;
  /** Number of consecutive attempts that found an unfinished range but could not take it. */
  failedAttempts: number;
  /** Number of sweeps that this run has planned. */
  sweeps: number;
  /** Of these, the sweeps after which the run's own changes had made rows pending. */
  ownSweeps: number;
  /** The next transaction ID of the server when the first sweep was planned; null before it. */
  firstSweepXid: string | null;
  /** The number of changed rows when the last sweep was planned; null before the first sweep. */
  updatedBeforeSweep: number | null;
  /** A query on a single page took too long, so that later sweeps use the order of the key. */
  needsKeyOrder: boolean;
}

/** The function of one state. It returns the next state, or the outcome of the run. */
export type RunState<Name extends RunStateName> = (
  run: RunContext,
  memory: LoopMemory,
) => Promise<NextState<Name>>;
