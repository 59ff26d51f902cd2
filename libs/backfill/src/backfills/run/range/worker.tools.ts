import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { BatchRunner } from '../../batch/batch.js';
import type { RowSelection } from '../../batch/row-selection.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { BatchGate } from '../gate/batch.gate.js';
import type { RunLog } from '../log/run-log.js';
import type { StopSignal } from '../stop/stop-signal.js';
import type { Quarantine } from './quarantine.js';
import type { RangeOutcome } from './range.outcome.js';

/** What the worker of one range works with. */
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
   * An earlier sweep of this run left rows pending, e.g. because a trigger reverts their change: each window
   * is searched for skipped rows when it closes.
   */
  readonly isRepeated: boolean;
  /** Why the worker must leave its range at once, with work left in it; null to continue. */
  leave(): RangeOutcome | null;
}
