import type { TenantScope } from '../../ledger/range.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { BackfillObserver } from '../../report/observer.js';
import type { DeclaredCheck } from '../throttle/throttle-check.js';
import type { StopPatience } from './stop/stop.enforcer.js';
import type { StopSignal } from './stop/stop-signal.js';

export interface RunOptions extends StopPatience {
  /** The tenants that were requested; null: all rows. */
  readonly tenants: TenantScope;
  readonly retryQuarantined: boolean;
  /** How long to try to reconnect, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** The backfills that must be complete first. */
  readonly dependencies: readonly BackfillDefinition[];
  /** The application's own throttles. */
  readonly checks: readonly DeclaredCheck[];
  readonly stop: StopSignal;
  readonly observer: BackfillObserver;
}
