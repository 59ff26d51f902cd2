import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { StopSignal } from '../stop/stop-signal.js';
import type { TenantRun, TenantRunOutcome } from './tenant-run.js';

export interface TenantSequenceOptions {
  readonly definition: BackfillDefinition;
  readonly ledger: BackfillLedger;
  readonly connection: RunConnection;
  readonly stop: StopSignal;
  readonly runPart: (part: TenantRun) => Promise<TenantRunOutcome>;
  readonly note: (message: string) => void;
  /**
   * Reports that other processes hold every remaining tenant. `holder` is one of them. Called once per wait.
   */
  readonly waiting: (holder: string) => void;
}
