import type { CatchUpOptions } from '../backfills/declare/catch-up.options.js';
import type { CatchUpClock } from './catch-up.clock.js';

/** What `BackfillModule.forRoot({ catchUp })` takes. */
export interface CatchUpModuleOptions extends CatchUpOptions {
  /**
   * Milliseconds in which the batch in hand is finished when the application shuts down. What takes longer is cancelled and rolled back.
   * @default 10_000
   */
  readonly shutdownTimeout?: number;
  /** What tells windows the time, for tests. @default the system's clock */
  readonly clock?: CatchUpClock;
}
