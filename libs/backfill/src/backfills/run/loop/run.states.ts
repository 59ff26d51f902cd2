import type { LedgerRecord } from '../../../ledger/status.ledger.js';
import type { LeasedRange } from '../../../ledger/range.js';
import type { RowSelection } from '../../batch/row-selection.js';
import type { RunOutcome } from '../outcome/run-outcome.js';
import type { RunContext } from './run.context.js';

/**
 * The state machine of a run: from → to → why. `end` is a `RunOutcome`. The compiler refuses every other
 * edge.
 */
export const RUN_TRANSITIONS = {
  takeRange: {
    workOff: 'A range was free, or half of a range that another worker sweeps.',
    waitForOthers: 'There is no range to take.',
  },
  workOff: {
    takeRange: 'The range is done, or another process of the run continues it.',
    end: 'A batch failed for good, the run was stopped, a person holds the backfill, or the lease was lost.',
  },
  waitForOthers: {
    takeRange: 'Other processes are at work, or a range is unfinished: it may be free now.',
    prove: 'Every range is done.',
    end: 'Another process runs the backfill, a person holds it, or the run was stopped.',
  },
  prove: {
    takeRange: 'Another process of the run proves it now; it may plan another sweep.',
    planSweep: 'The probe found a row that became pending behind the sweep, or no sweep was planned yet.',
    end: 'No row is pending; or rows keep becoming pending; or the run was stopped or held.',
  },
  planSweep: {
    takeRange: 'The ranges of the next sweep are in the ledger.',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;

export type RunStateName = keyof typeof RUN_TRANSITIONS;

/** What a run in the state `From` does next. */
export type NextState<From extends RunStateName> =
  | Extract<keyof (typeof RUN_TRANSITIONS)[From], RunStateName>
  | ('end' extends keyof (typeof RUN_TRANSITIONS)[From] ? RunOutcome : never);

/** What the loop remembers from one state to the next. */
export interface LoopMemory {
  readonly record: LedgerRecord;
  readonly selection: RowSelection;
  /** The range that was taken last. */
  range: LeasedRange | null;
  /** Consecutive attempts that found an unfinished range but could not take it. */
  misses: number;
  /** Sweeps that this run has planned. */
  sweeps: number;
  /** The number of changed rows when the last sweep was planned; null before the first. */
  updatedBeforeSweep: number | null;
}

/** One state. It does its work and returns the next state, or the outcome of the run. */
export type RunState<Name extends RunStateName> = (
  run: RunContext,
  memory: LoopMemory,
) => Promise<NextState<Name>>;
