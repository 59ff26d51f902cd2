/**
 * What a run is expected to cost, predicted from batches that were rolled back.
 *
 * @publicApi
 */
export interface RunPrediction {
  /** Milliseconds, with the pauses between batches and the proof. */
  readonly ms: number;
  /** Bytes that the run writes to the WAL. */
  readonly walBytes: number;
  /** Bytes by which the table grows, without its indexes. */
  readonly tableGrowthBytes: number;
  /** Bytes by which the indexes of the table grow. */
  readonly indexGrowthBytes: number;
  /** Share of the updates that are heap-only (HOT), from 0 to 1. */
  readonly heapOnlyShare: number;
  /** Row versions that autovacuum has to remove after the run. */
  readonly deadRows: number;
  /** Dead row versions from which autovacuum starts; null: autovacuum is off for the table. */
  readonly autovacuumFrom: number | null;
  /** Empty if no replica is connected. */
  readonly replicas: readonly ReplicaPrediction[];
}

/**
 * A replica or logical subscriber, and whether it has shown that it can follow.
 *
 * @publicApi
 */
export interface ReplicaPrediction {
  readonly name: string;
  /** Bytes of WAL that it had not replayed yet; null if hidden from this role. */
  readonly lagBytes: number | null;
  /** Bytes a second that it replayed while the plan was made; null if hidden. It may be able to replay more. */
  readonly replayedPerSecond: number | null;
  /** Bytes a second that the run writes to the WAL. */
  readonly writtenPerSecond: number;
}

/**
 * A prediction that was made when a run began, and what the run came to.
 *
 * @publicApi
 */
export interface RunComparison {
  readonly predicted: RunPrediction;
  readonly measured: {
    readonly ms: number;
    /** Bytes of WAL of the whole server during the run, other sessions included. */
    readonly serverWalBytes: number;
    readonly tableGrowthBytes: number;
    readonly indexGrowthBytes: number;
  };
}

/**
 * A way to give every pending row its value.
 *
 * @publicApi
 */
export type WayName =
  'default' | 'virtual-column' | 'stripes' | 'page-order' | 'key-order' | 'repack-first' | 'one-update';

/**
 * The predicted cost of a way, for one worker and without pauses.
 *
 * @publicApi
 */
export interface WayCost {
  readonly way: WayName;
  /** Milliseconds. */
  readonly ms: number;
  readonly walBytes: number;
  /** Bytes by which the table and its indexes grow. */
  readonly growthBytes: number;
  /** Whether the backfill as it is declared takes this way. */
  readonly isDeclared: boolean;
}
