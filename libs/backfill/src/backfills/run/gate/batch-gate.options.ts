import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { LeaseScope, TenantScope } from '../../../ledger/range.js';
import type { PaceControl } from '../../control/pace.control.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import type { DeclaredCheck } from '../../throttle/throttle-check.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';
import type { RunLog } from '../log/run-log.js';
import type { StopSignal } from '../stop/stop-signal.js';

export interface BatchGateOptions {
  readonly definition: BackfillDefinition;
  /** The tenants whose ranges this run processes; null: all rows. */
  readonly tenants: TenantScope;
  /** The scope whose leases count towards the maximum number of workers. */
  readonly leaseScope: LeaseScope;
  readonly ledger: BackfillLedger;
  readonly control: PaceControl;
  readonly checks: readonly DeclaredCheck[];
  readonly log: RunLog;
  readonly stop: StopSignal;
  /** Returns milliseconds. @default performance.now */
  readonly now?: MonotonicClock;
}
