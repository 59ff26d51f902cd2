import type { LeasedRange } from '../../../ledger/range.js';
import { messageOf } from '../../../postgres/error-classes.js';
import { NoConnectionError } from '../../../postgres/session.opener.js';
import { DatabaseLostError } from '../connection/database-lost.error.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { RangeOutcome } from '../range/range.outcome.js';
import { PoolState } from './pool.state.js';
import { PoolWorker, type WorkerOptions } from './pool.worker.js';
import { WorkerSlots } from './worker-slots.js';

/** Milliseconds between two comparisons of the pool's workers with the current settings. */
const RESIZE_INTERVAL_MS = 250;
const FIRST_SLOT = 0;

export interface WorkerPoolOptions extends WorkerOptions {
  /** The connection of the first worker. */
  readonly connection: RunConnection;
  /** Opens a connection for each other worker. @param dispensable see `RunConnectionOptions` */
  connect(dispensable: AbortSignal): RunConnection;
}

/**
 * The workers of one process on one backfill. Each worker takes a free range. If there is none, it splits the
 * largest range that a worker of any process sweeps. If a worker cannot finish its range, the other workers
 * continue; after a failure they leave their ranges.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #state = new PoolState();
  readonly #slots = new WorkerSlots();
  readonly #connections = new Set<RunConnection>();
  readonly #running = new Set<Promise<void>>();
  /** An error that the first worker threw. It ends the run. */
  #error: { readonly cause: unknown } | null = null;
  /** Aborted when only workers without a connection are left, which hold no range. */
  readonly #finished = new AbortController();

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
  }

  /** The connections in use. */
  get connections(): ReadonlySet<RunConnection> {
    return this.#connections;
  }

  /** @returns `done` if every range was finished; otherwise the outcome of a worker that could not finish */
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

  /** @param range the worker's first range; null: the worker takes a free range */
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
    if (stop.reason !== null || this.#error !== null || this.#state.isClosed) return;
    if (this.#finished.signal.aborted) return;
    const target = { workers: gate.control.current().workers, maxWorkers: gate.control.workerLimit };
    for (const slot of this.#slots.free(target, gate.leaseSnapshot, this.#state.unfinishedRanges))
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
    const connection = this.#options.connect(this.#finished.signal);
    try {
      await this.#run(slot, connection, null);
      return 'idle';
    } catch (error) {
      if (this.#finished.signal.aborted && !connection.hasOpened) return 'failed';
      // The first worker continues. If the database is not available, the first worker reports that.
      const cause = error instanceof DatabaseLostError ? error.cause : error;
      const reason =
        cause instanceof NoConnectionError ? 'the pool has no connection for it' : messageOf(error);
      this.#options.log.note('warn', `An additional worker failed (${reason}). The other workers continue.`);
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
      if (![...this.#connections].some(({ hasOpened }) => hasOpened)) this.#finished.abort();
    }
  }
}
