import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { LeasedRange } from '../../../ledger/range.js';
import type { PipelineResult, Statement } from '../../../postgres/pipeline.js';
import type { TransactionQueue } from './transaction-queue.js';
import type { BatchOutcome, SweepStep } from '../batch.js';
import type { Continuation } from '../order/sweep-order.js';
import type { ReadRow, RowChange } from './transform.row.js';

/** The rows of one batch, and the server's time to read them. */
export interface ReadRows {
  readonly rows: readonly ReadRow[];
  readonly serverMs: number;
}

export interface ReadBatch extends ReadRows {
  /** Where the next batch begins. */
  readonly next: Continuation;
}

/** The new values of the rows, and the time of the code that computed them. */
export interface ComputedBatch {
  readonly changes: readonly RowChange[];
  readonly codeMs: number;
}

/** A batch in flight: its rows are read, then computed, then written. */
export interface BatchInFlight {
  /** The transactions of this batch and of those in flight with it. */
  readonly queue: TransactionQueue;
  /** Known after the previous batch has read its rows. */
  readonly step: Promise<SweepStep>;
  readonly read: Promise<ReadBatch>;
  readonly computed: Promise<ComputedBatch>;
  /** Its write is in the queue. */
  readonly queued: Promise<unknown>;
  readonly outcome: Promise<BatchOutcome>;
}

/** A batch whose rows are read and computed. */
export interface BatchToWrite {
  readonly step: SweepStep;
  readonly read: ReadBatch;
  readonly computed: ComputedBatch;
}

/** The transaction that writes a batch. */
export interface WriteTransaction {
  readonly range: LeasedRange;
  readonly policy: Statement;
  /** Counts what the batch takes along; null if it is rolled back. */
  readonly ledger: BackfillLedger | null;
  readonly send: (statements: readonly Statement[]) => Promise<PipelineResult>;
}
