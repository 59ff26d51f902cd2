/** How declared indexes are built. @publicApi */
export interface BuildIndexesOptions {
  /** Replace indexes whose definition differs. @default false */
  readonly rebuild?: boolean;
  /** Schema of the ledger. @default 'nestjs_backfill' */
  readonly schema?: string;
  /** Milliseconds after which the lease of a killed process expires. @default 30_000 */
  readonly lease?: number;
  /**
   * Longest wait of a build for other sessions' transactions without a break, in milliseconds. If the build has worked longer than
   * that before, it waits as long as it has worked. Then it stops, which is a warning.
   * @default 300_000
   */
  readonly maxWait?: number;
  /** Stops the phase: cancels the current build and starts no other. Its `reason` is part of the report. */
  readonly signal?: AbortSignal;
  /** @default a Nest logger */
  readonly log?: { log(message: string): void; warn(message: string): void };
}
