import type { LeasedRange } from '../../../ledger/range.js';
import { messageOf } from '../../../postgres/error-classes.js';
import { NoConnectionError } from '../../../postgres/session.opener.js';
import { DatabaseLostError } from '../connection/database-lost.error.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { RangeOutcome } from '../range/range.outcome.js';
import { PoolState } from './pool.state.js';
import { PoolWorker, type WorkerOptions } from './pool.worker.js';
import { WorkerSlots } from './worker-slots.js';

/** How often the pool compares its workers with the current settings. */
const RESIZE_INTERVAL_MS = 250;
const FIRST_SLOT = 0;

export interface WorkerPoolOptions extends WorkerOptions {
  /** The connection of the first worker. */
  readonly connection: RunConnection;
  /** Opens a connection for each other worker. */
  connect(): RunConnection;
}

/**
 * The workers of one process on one backfill. Each takes a free range. If there is none, it splits the
 * largest range that a worker of any process sweeps. A worker that cannot finish its range does not stop the
 * others.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #state = new PoolState();
  readonly #slots = new WorkerSlots();
  readonly #connections = new Set<RunConnection>();
  readonly #running = new Set<Promise<void>>();
  /** The error of the first worker, which ends the run. */
  #error: { readonly cause: unknown } | null = null;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** The connections in use. */
  get connections(): ReadonlySet<RunConnection> {
    return this.#connections;
  }

  /** @returns `done` if no range is left to take; otherwise why a worker could not finish its range */
  async work(first: LeasedRange): Promise<RangeOutcome> {
    this.#start(FIRST_SLOT, first);
    this.#startMissingWorkers();
    const timer = setInterval(() => this.#startMissingWorkers(), RESIZE_INTERVAL_MS);
    try {
      while (this.#running.size > 0) await Promise.allSettled(this.#running);
    } finally {
      clearInterval(timer);
    }
    if (this.#error !== null) throw this.#error.cause;
    return this.#state.outcome ?? { kind: 'done' };
  }

  /** @param range to begin with; null: the worker takes a free one */
  #start(slot: number, range: LeasedRange | null): void {
    this.#slots.take(slot);
    const work = slot === FIRST_SLOT ? this.#runFirst(range) : this.#runAdditional(slot);
    const running = work.then((result) => {
      this.#running.delete(running);
      this.#slots.leave(slot, result);
    });
    this.#running.add(running);
  }

  #startMissingWorkers(): void {
    const { gate, stop } = this.#options;
    if (stop.reason !== null || this.#error !== null || this.#state.isOver) return;
    const target = { workers: gate.control.current().workers, maxWorkers: gate.control.workerLimit };
    for (const slot of this.#slots.free(target, gate.leaseSnapshot, this.#state.leftRanges))
      this.#start(slot, null);
  }

  async #runFirst(range: LeasedRange | null): Promise<'idle' | 'failed'> {
    try {
      await this.#run(FIRST_SLOT, this.#options.connection, range);
      return 'idle';
    } catch (cause) {
      this.#error ??= { cause };
      return 'failed';
    }
  }

  async #runAdditional(slot: number): Promise<'idle' | 'failed'> {
    const connection = this.#options.connect();
    try {
      await this.#run(slot, connection, null);
      return 'idle';
    } catch (error) {
      // The first worker continues. If the database has a problem, that worker reports it.
      const cause = error instanceof DatabaseLostError ? error.cause : error;
      const why = cause instanceof NoConnectionError ? 'the pool has no connection for it' : messageOf(error);
      this.#options.log.note('warn', `An additional worker failed (${why}). The other workers continue.`);
      return 'failed';
    } finally {
      await connection.drop();
    }
  }

  async #run(slot: number, connection: RunConnection, range: LeasedRange | null): Promise<void> {
    this.#connections.add(connection);
    try {
      await new PoolWorker(this.#options, this.#state, connection, slot).work(range);
    } finally {
      this.#connections.delete(connection);
    }
  }
}
