import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { leaseId, type LeasedRange, type LeaseSnapshot } from '../../../ledger/range.js';
import { messageOf } from '../../../postgres/error-classes.js';
import { NoConnectionError } from '../../../postgres/session.opener.js';
import { createBatchRunner } from '../../batch/batch-runner.factory.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { DatabaseLostError } from '../connection/database-lost.error.js';
import type { RunConnection } from '../connection/run-connection.js';
import { LeaseManager } from '../../../ledger/lease/lease.manager.js';
import type { BatchGate } from '../gate/batch.gate.js';
import type { Quarantine } from '../range/quarantine.js';
import { takeRange } from './range.taker.js';
import type { RangeOutcome } from '../range/range.outcome.js';
import { RangeWorker } from '../range/range.worker.js';
import type { RunLog } from '../log/run-log.js';
import { WorkerSlots } from './worker-slots.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { WaitWatch } from './wait.watch.js';

/** Milliseconds between two looks at how many workers are wanted. */
const LOOK = 250;

const OVER = { kind: 'stopped', reason: 'Another worker failed.', waitingFor: null } as const;

/** What a crew works with. */
export interface WorkerPoolOptions {
  readonly ledger: BackfillLedger;
  readonly selection: RowSelection;
  readonly quarantine: Quarantine;
  readonly gate: BatchGate;
  readonly log: RunLog;
  readonly stop: StopSignal;
  /** See `WorkerTools`. */
  readonly isRepeated: boolean;
  /** The first worker's. */
  readonly connection: RunConnection;
  /** One for each further worker. */
  connect(): RunConnection;
}

/**
 * The workers of one process on one backfill. Each takes a range that nobody holds; when there is none, it halves the largest one
 * that is being swept, by this process or another. What one worker cannot get done does not keep the others from their ranges.
 */
export class WorkerPool {
  readonly #tools: WorkerPoolOptions;
  readonly #connections = new Set<RunConnection>();
  /** Ranges that a worker had to leave with work left: they are for another run. */
  readonly #left: string[] = [];
  readonly #atWork = new Set<Promise<void>>();
  readonly #seats = new WorkerSlots();
  #outcome: RangeOutcome | null = null;
  #error: { readonly cause: unknown } | null = null;

  constructor(tools: WorkerPoolOptions) {
    this.#tools = tools;
  }

  /** The connections in use. */
  get connections(): ReadonlySet<RunConnection> {
    return this.#connections;
  }

  /** @returns `done` when there is nothing left that could be taken; else what kept a worker from it */
  async work(first: LeasedRange): Promise<RangeOutcome> {
    this.#start(0, first);
    this.#recruit();
    const timer = setInterval(() => this.#recruit(), LOOK);
    try {
      while (this.#atWork.size > 0) await Promise.allSettled(this.#atWork);
    } finally {
      clearInterval(timer);
    }
    if (this.#error !== null) throw this.#error.cause;
    return this.#outcome ?? { kind: 'done' };
  }

  #start(seat: number, range: LeasedRange | null): void {
    this.#seats.take(seat);
    const work = seat === 0 ? this.#first(range) : this.#further(seat);
    const started = work.then((isWell) => {
      this.#atWork.delete(started);
      this.#seats.leave(seat, !isWell);
    });
    this.#atWork.add(started);
  }

  /** As many as are wanted by now. */
  #recruit(): void {
    const { gate, stop } = this.#tools;
    if (stop.reason !== null || this.#error !== null || this.#isOver) return;
    const { workers } = gate.control.current();
    const { most } = gate.control;
    for (const seat of this.#seats.free({ workers, most }, gate.leaseSnapshot, this.#left))
      this.#start(seat, null);
  }

  /** There is nothing to be taken any more, whatever is free. */
  get #isOver(): boolean {
    return this.#outcome?.kind === 'failed' || this.#outcome?.kind === 'held';
  }

  /** @returns whether it could go on */
  async #first(range: LeasedRange | null): Promise<boolean> {
    try {
      await this.#member(this.#tools.connection, range, 0);
      return true;
    } catch (cause) {
      this.#error ??= { cause };
      return false;
    }
  }

  /** @returns whether it could go on */
  async #further(seat: number): Promise<boolean> {
    const connection = this.#tools.connect();
    try {
      await this.#member(connection, null, seat);
      return true;
    } catch (error) {
      // The first worker goes on, and whatever is wrong with the database is told by it.
      const lost = error instanceof DatabaseLostError ? error.cause : error;
      const why = lost instanceof NoConnectionError ? 'The pool has no connection for it' : messageOf(error);
      this.#tools.log.note('warn', `A further worker could not go on: ${why}. The others do.`);
      return false;
    } finally {
      await connection.drop();
    }
  }

  /** @param first the range to begin with; null: the next one that is free */
  async #member(connection: RunConnection, first: LeasedRange | null, seat: number): Promise<void> {
    this.#connections.add(connection);
    try {
      const next = () => this.#next(connection, seat);
      for (let range = first ?? (await next()); range; range = await next()) {
        const outcome = await this.#workOff(connection, range, seat);
        if (outcome.kind === 'done' || outcome.kind === 'dismissed' || outcome.kind === 'surplus') continue;
        this.#left.push(range.id);
        if (this.#outcome === null || outcome.kind === 'failed') this.#outcome = outcome;
      }
    } finally {
      this.#connections.delete(connection);
    }
  }

  /** Why the worker is to leave its range although there is work left in it; null to go on. */
  #leave(seat: number): RangeOutcome | null {
    if (this.#outcome?.kind === 'failed') return OVER;
    return seat < this.#tools.gate.control.current().workers ? null : { kind: 'dismissed' };
  }

  async #next(connection: RunConnection, seat: number): Promise<LeasedRange | null> {
    const { gate, stop } = this.#tools;
    const goOn = () => stop.reason === null && !this.#isOver && this.#leave(seat) === null;
    const { most } = gate.control;
    const { among } = gate;
    return goOn() ? takeRange(connection, { ...this.#tools, most, among, except: this.#left, goOn }) : null;
  }

  async #workOff(connection: RunConnection, range: LeasedRange, seat: number): Promise<RangeOutcome> {
    const { gate, ledger, log, selection } = this.#tools;
    /** The roster by which it was one too many, and yet had not to leave. */
    let outdated: LeaseSnapshot | null = null;
    const isSurplus = (): boolean =>
      gate.leaseSnapshot !== outdated &&
      gate.leaseSnapshot.leases.indexOf(leaseId(worker.range)) >= gate.control.most;
    const worker: RangeWorker = new RangeWorker(range, {
      ...this.#tools,
      connection,
      runner: createBatchRunner(selection),
      leave: () => this.#leave(seat) ?? (isSurplus() ? { kind: 'surplus' } : null),
    });
    // Batches renew the lease too, but only when they commit: a slow trigger or code that computes may take longer.
    const lease = new LeaseManager<RangeWorker>({
      durationMs: ledger.leaseMs,
      renewal: ({ range }) => ledger.leases.heartbeat(range),
      side: () => connection.session,
    });
    lease.hold(worker);
    const watch = new WaitWatch(connection, ledger, log);
    try {
      for (;;) {
        const outcome = await worker.work();
        if (outcome.kind === 'surplus') {
          outdated = gate.leaseSnapshot;
          if (await this.#yield(connection, worker.range)) return outcome;
          continue;
        }
        await lease
          .release(({ range: last }) =>
            connection.use((session) =>
              outcome.kind === 'done'
                ? ledger.leases.finish(session, last)
                : ledger.leases.release(session, last),
            ),
          )
          .catch((error: unknown) =>
            log.note('warn', `The lease could not be handed back: ${messageOf(error)}`),
          );
        return outcome;
      }
    } finally {
      lease.stop();
      watch.stop();
    }
  }

  /** @returns false where others have left before, so that it is not one too many any more */
  #yield(connection: RunConnection, range: LeasedRange): Promise<boolean> {
    const { gate, ledger } = this.#tools;
    const limit = { maxWorkers: gate.control.most, among: gate.among };
    return connection.use((session) => ledger.leases.yieldSurplus(session, range, limit));
  }
}
