import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { LeaseManager } from '../../../ledger/lease/lease.manager.js';
import { leaseId, type LeasedRange, type LeaseSnapshot } from '../../../ledger/range.js';
import { messageOf } from '../../../postgres/error-classes.js';
import { createBatchRunner } from '../../batch/batch-runner.factory.js';
import type { RowSelection } from '../../batch/row-selection.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { BatchGate } from '../gate/batch.gate.js';
import type { RunLog } from '../log/run-log.js';
import type { Quarantine } from '../range/quarantine.js';
import type { RangeOutcome } from '../range/range.outcome.js';
import { RangeWorker } from '../range/range.worker.js';
import type { WorkerTools } from '../range/worker.tools.js';
import type { StopSignal } from '../stop/stop-signal.js';
import type { PoolState } from './pool.state.js';
import { takeRange } from './range.taker.js';

export interface WorkerOptions {
  readonly ledger: BackfillLedger;
  readonly selection: RowSelection;
  readonly quarantine: Quarantine;
  readonly gate: BatchGate;
  readonly log: RunLog;
  readonly stop: StopSignal;
  /** See `WorkerTools`. */
  readonly searchesEveryWindow: boolean;
  /** See `WorkerTools`. */
  readonly onPageSweepEnded: WorkerTools['onPageSweepEnded'];
}

const ANOTHER_FAILED = {
  kind: 'stopped',
  reason: 'Another worker failed.',
  waitingFor: null,
} as const satisfies RangeOutcome;

/** One worker of a pool. It takes and processes one range after another. */
export class PoolWorker {
  readonly #options: WorkerOptions;
  readonly #state: PoolState;
  readonly #connection: RunConnection;
  readonly #slot: number;

  constructor(options: WorkerOptions, state: PoolState, connection: RunConnection, slot: number) {
    this.#options = options;
    this.#state = state;
    this.#connection = connection;
    this.#slot = slot;
  }

  /** @param first the first range; null: the worker takes a free range */
  async work(first: LeasedRange | null): Promise<void> {
    for (let range = first ?? (await this.#takeNext()); range; range = await this.#takeNext()) {
      const { log } = this.#options;
      log.rangeTaken(range);
      const outcome = await this.#workOn(range);
      log.rangeLeft(range, outcome.kind);
      const isReleasedForOthers = outcome.kind === 'dismissed' || outcome.kind === 'surplus';
      if (outcome.kind !== 'done' && !isReleasedForOthers) this.#state.rangeUnfinished(range.id, outcome);
    }
  }

  async #takeNext(): Promise<LeasedRange | null> {
    const { gate, stop, ledger, selection } = this.#options;
    const canContinue = () =>
      stop.reason === null && !this.#state.isClosed && this.#outcomeIfLeaving() === null;
    if (!canContinue()) return null;
    return takeRange(this.#connection, {
      ledger,
      selection,
      maxWorkers: gate.control.workerLimit,
      leaseScope: gate.leaseScope,
      except: this.#state.unfinishedRanges,
      canContinue,
    });
  }

  /** The outcome if the worker must leave its range before the range is done; null to continue. */
  #outcomeIfLeaving(): RangeOutcome | null {
    if (this.#state.hasFailed) return ANOTHER_FAILED;
    return this.#slot < this.#options.gate.control.current().workers ? null : { kind: 'dismissed' };
  }

  async #workOn(range: LeasedRange): Promise<RangeOutcome> {
    const { gate, selection } = this.#options;
    /**
     * A snapshot that shows this worker as surplus although the ledger has kept its lease since. It is
     * ignored, and the next poll replaces it.
     */
    let contradictedSnapshot: LeaseSnapshot | null = null;
    const isSurplus = (): boolean => {
      const snapshot = gate.leaseSnapshot;
      return (
        snapshot !== contradictedSnapshot &&
        snapshot.leases.indexOf(leaseId(worker.range)) >= gate.control.workerLimit
      );
    };
    const worker: RangeWorker = new RangeWorker(range, {
      ...this.#options,
      connection: this.#connection,
      runner: createBatchRunner(selection),
      outcomeIfLeaving: () => this.#outcomeIfLeaving() ?? (isSurplus() ? { kind: 'surplus' } : null),
    });
    const lease = this.#holdLease(worker);
    try {
      for (;;) {
        const outcome = await worker.work();
        if (outcome.kind !== 'surplus') {
          await this.#release(lease, outcome);
          return outcome;
        }
        contradictedSnapshot = gate.leaseSnapshot;
        if (await this.#releaseIfSurplus(worker.range)) return outcome;
      }
    } finally {
      lease.stop();
    }
  }

  /**
   * Renews the lease on a timer. Each batch also renews it when it commits, but a batch with a slow trigger
   * or slow application code may take longer than the lease.
   */
  #holdLease(worker: RangeWorker): LeaseManager<RangeWorker> {
    const { ledger, log } = this.#options;
    const lease = new LeaseManager<RangeWorker>({
      durationMs: ledger.leaseMs,
      renewal: ({ range }) => ledger.leases.heartbeat(range),
      sideSession: () => this.#connection.session,
      subject: 'a range',
      warn: (message) => log.note('warn', message),
    });
    lease.hold(worker);
    return lease;
  }

  async #release(lease: LeaseManager<RangeWorker>, { kind }: RangeOutcome): Promise<void> {
    const { leases } = this.#options.ledger;
    try {
      await lease.release(({ range }) =>
        this.#connection.use((session) =>
          kind === 'done' ? leases.finish(session, range) : leases.release(session, range),
        ),
      );
    } catch (error) {
      this.#options.log.note('warn', `The lease could not be released: ${messageOf(error)}`);
    }
  }

  /** @returns false if other workers have left meanwhile, so that this worker is no longer surplus */
  #releaseIfSurplus(range: LeasedRange): Promise<boolean> {
    const { gate, ledger } = this.#options;
    const limit = { maxWorkers: gate.control.workerLimit, leaseScope: gate.leaseScope };
    return this.#connection.use((session) => ledger.leases.releaseSurplus(session, range, limit));
  }
}
