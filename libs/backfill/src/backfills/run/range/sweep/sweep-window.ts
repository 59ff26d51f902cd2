import type { Key } from '../../../../ledger/range.js';
import type { BatchOutcome } from '../../../batch/batch.js';
import type { LockMode } from '../../../batch/batch.policy.js';
import type { Region } from '../../../batch/order/region.js';
import type { BatchStage } from '../pace/batch.pacer.js';

/** The properties of a batch that a window needs for its counters. */
export interface WindowBatch {
  readonly limit: number;
  readonly lockMode: LockMode;
  readonly region: Region | null;
  /** `SweepStep.pages` */
  readonly pages: number | null;
  /** The cursor before the batch. */
  readonly cursor: Key | null;
  readonly windowUpper: Key;
}

/** The counters of the current window, and the size of the next one. */
export interface SweepWindow {
  /** The size of the next window in keys or pages. */
  readonly size: number;
  /** Whether the window has no pending row after the cursor. */
  readonly isExhausted: boolean;
  /**
   * Whether the window may have pending rows before the cursor: rows that were skipped because they were
   * locked, or whose change a trigger reverted.
   */
  readonly mayHaveSkipped: boolean;
  /** Whether a pending row was found in the window. */
  readonly hasPending: boolean;
  /** The size of a region that begins with the batch; null in key order. @param limit rows in the batch */
  region(limit: number): Region | null;
  /**
   * `SweepStep.pages` of a batch that begins at the cursor.
   *
   * @param limit maximum number of rows in the batch
   */
  pagesAt(cursor: Key | null, region: Region | null, limit: number): number | null;
  /** The stage of a batch that begins at the cursor. */
  stageAt(cursor: Key | null, region: Region | null): BatchStage;
  /** The cursor that a batch is expected to reach, for the batch that is sent after it. */
  expectedCursor(batch: WindowBatch): Key | null;
  /**
   * Whether the window may contain more rows after the batches in flight.
   *
   * @param inFlight not empty
   */
  hasRoomBeyond(inFlight: readonly WindowBatch[]): boolean;
  batchFinished(outcome: BatchOutcome, batch: WindowBatch): void;
  /** Called when a query outside of a regular batch found a pending row. */
  pendingFound(): void;
  rowsSkipped(): void;
  /** Called when a query outside of a regular batch found no row after the cursor. */
  exhausted(): void;
  /** Called when the range was read from the ledger again, because another worker may have changed it. */
  reset(): void;
  /** Shrinks this window and all later ones. @returns false if the size is already one key or page */
  shrink(): boolean;
  /** Sets the size of the next window. @param batchRows rows in the next batch */
  grow(batchRows: number): void;
  opened(options: { readonly mayHaveSkipped: boolean }): void;
}

/** Size of a window, as a number of batches. */
export const WINDOW_BATCHES = 50;
/** A window that cannot be read within the statement timeout is divided by this factor. */
export const SHRINK_FACTOR = 4;
