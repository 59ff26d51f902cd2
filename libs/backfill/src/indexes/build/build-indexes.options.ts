import type { DeclaredIndex } from '../declare/index.options.js';

/** The options of `buildIndexes`. @publicApi */
export interface BuildIndexesOptions {
  /** Replace indexes whose definition differs. @default false */
  readonly rebuild?: boolean;
  /** Schema of the ledger. @default 'nestjs_backfill' */
  readonly schema?: string;
  /** Milliseconds after which the lease of a killed process expires. @default 30_000 */
  readonly lease?: number;
  /**
   * Milliseconds to wait for a database that is unavailable, e.g. a standby during a failover. @default 60_000
   */
  readonly connectTimeoutMs?: number;
  /**
   * Maximum uninterrupted wait of a build for transactions of other sessions, in milliseconds. If the build
   * had already run for longer than that when the wait began, it may wait for as long as it had run. After
   * this time the build stops, which is a warning.
   * @default 300_000
   */
  readonly maxWait?: number;
  /**
   * Stops the phase: the current build is cancelled, and no other build starts. The report contains
   * `signal.reason`. @default never
   */
  readonly signal?: AbortSignal;
  /**
   * Returns what the build of an index must wait for, in a sentence; null to build it now.
   * @default every index is built now
   */
  readonly waitsFor?: (index: DeclaredIndex) => Promise<string | null>;
  /**
   * Called with the share of a build that is done, from 0 to 1; with null if it has failed.
   * @default not called
   */
  readonly progress?: (event: {
    readonly name: string;
    readonly table: string;
    readonly share: number | null;
  }) => void;
  /** @default a Nest logger */
  readonly log?: { log(message: string): void; warn(message: string): void };
}
