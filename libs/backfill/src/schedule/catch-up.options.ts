import type { CatchUpOptions } from '../backfills/declare/catch-up.options.js';
import { checkCatchUpShape } from '../backfills/declare/catch-up.checker.js';
import { MODULE_NAME } from '../options/known-options.js';
import { SYSTEM_CLOCK, type CatchUpClock } from './catch-up.clock.js';
import { checkMilliseconds } from './catch-up.bounds.js';

/** The options of `BackfillModule.forRoot({ catchUp })`. @publicApi */
export interface CatchUpModuleOptions extends CatchUpOptions {
  /**
   * Milliseconds that the current batch may take to finish when the application shuts down, from 0 to
   * 3,600,000. After that the batch is cancelled and rolled back.
   * @default 10_000
   */
  readonly shutdownTimeout?: number;
  /** The clock that opens and closes windows, for tests. @default the system's clock */
  readonly clock?: CatchUpClock;
}

/** The token of the resolved `ModuleCatchUp`. */
export const CATCH_UP_OPTIONS = Symbol.for('nestjs-backfill:catch-up-options');

export const CATCH_UP_DEFAULTS = {
  jitter: 0,
  maxDuration: 300_000,
  shutdownTimeout: 10_000,
} as const satisfies CatchUpModuleOptions;

/** The module's catch-up options, checked and with defaults. */
export interface ModuleCatchUp {
  /** `opt-in`: catch-up is on only for the backfills with their own `catchUp`. */
  readonly mode: 'off' | 'opt-in' | 'on';
  /** The options for every backfill that does not set its own; empty unless the mode is `on`. */
  readonly shared: CatchUpOptions;
  readonly shutdownTimeoutMs: number;
  readonly clock: CatchUpClock;
  /** Whether this process may catch up: a one-shot run may not. */
  readonly isAllowed: () => boolean;
}

const MODULE_ONLY = {
  shutdownTimeout: true,
  clock: true,
} as const satisfies Record<Exclude<keyof CatchUpModuleOptions, keyof CatchUpOptions>, true>;

/** @throws InvalidBackfillOptionError, InvalidCatchUpNumberError, each naming the option */
export function resolveCatchUpOptions(
  given: CatchUpModuleOptions | false | undefined,
  { isAllowed }: Pick<ModuleCatchUp, 'isAllowed'>,
): ModuleCatchUp {
  checkCatchUpShape(MODULE_NAME, given, Object.keys(MODULE_ONLY));
  const {
    shutdownTimeout = CATCH_UP_DEFAULTS.shutdownTimeout,
    clock = SYSTEM_CLOCK,
    ...shared
  } = given || {};
  checkMilliseconds(MODULE_NAME, 'shutdownTimeout', shutdownTimeout);
  return {
    mode: given === undefined ? 'opt-in' : given === false ? 'off' : 'on',
    shared,
    shutdownTimeoutMs: shutdownTimeout,
    clock,
    isAllowed,
  };
}
