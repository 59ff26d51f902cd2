import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { BatchRunner } from '../../batch/batch.js';
import type { RowSelection } from '../../batch/row-selection.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { BatchGate } from '../gate/batch.gate.js';
import type { RunLog } from '../log/run-log.js';
import type { StopSignal } from '../stop/stop-signal.js';
import type { Quarantine } from './quarantine.js';
import type { RangeOutcome } from './range.outcome.js';

/** How the rows that a sweep of pages has not reached are swept: in any order, or in the order of the key. */
export type RestOfSweep = 'any-order' | 'key-order';

/** The dependencies of the worker of one range. */
export interface WorkerTools {
  readonly connection: RunConnection;
  readonly ledger: BackfillLedger;
  readonly selection: RowSelection;
  readonly runner: BatchRunner;
  readonly quarantine: Quarantine;
  readonly gate: BatchGate;
  readonly log: RunLog;
  readonly stop: StopSignal;
  /**
   * Whether every window is searched for pending rows when it closes. This is true from the second sweep of a
   * run: the first sweep has left rows pending, e.g. because a trigger reverted their change.
   */
  readonly searchesEveryWindow: boolean;
  /** Called after the sweep of a range of pages has ended before its end. The rest must be planned again. */
  onPageSweepEnded(rest: RestOfSweep): void;
  /** The outcome if the worker must leave its range before the range is done; null to continue. */
  outcomeIfLeaving(): RangeOutcome | null;
}
