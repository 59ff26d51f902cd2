import type { Key, TenantScope } from '../../ledger/range.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { BackfillObserver } from '../../report/observer.js';
import type { DeclaredCheck } from '../throttle/throttle-check.js';
import type { StopTimeouts } from './stop/stop.enforcer.js';
import type { StopSignal } from './stop/stop-signal.js';

export interface RunOptions extends StopTimeouts {
  /** The tenants that were requested; null: all rows. */
  readonly tenants: TenantScope;
  /** The rows in quarantine that are tried again: their keys, or all of them; null: none. */
  readonly retried: readonly Key[] | 'all' | null;
  /** Maximum time of the attempts to reconnect, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** The backfills that must be complete before this one may start. */
  readonly dependencies: readonly BackfillDefinition[];
  /** The application's own throttles. */
  readonly checks: readonly DeclaredCheck[];
  readonly stop: StopSignal;
  readonly observer: BackfillObserver;
}
