import type { Ledger, Subject } from '../../ledger/ledger.js';
import type { LeasedRange } from '../../ledger/range.js';
import type { RowsLedger } from '../../ledger/rows.ledger.js';
import { messageOf } from '../../sql/error-classes.js';
import { NoConnectionError } from '../../sql/session.js';
import { createBatchRunner } from '../batch/batch-runner.factory.js';
import type { RowSelection } from '../batch/row-selection.js';
import { DatabaseLostError, type Connection } from './connection.js';
import { LeaseKeeper } from './lease.keeper.js';
import type { PaceGate } from './pace.gate.js';
import type { Quarantine } from './quarantine.js';
import { takeRange } from './range.taker.js';
import type { RangeOutcome } from './range.outcome.js';
import { RangeWorker } from './range.worker.js';
import type { RunLog } from './run-log.js';
import type { StopSign } from './stop-sign.js';
import { WaitWatch } from './wait.watch.js';

/** Milliseconds between two looks at how many workers are wanted. */
const LOOK = 250;

const OVER = { kind: 'stopped', reason: 'Another worker failed.', waitingFor: null } as const;

/** What a crew works with. */
export interface CrewTools {
  readonly subject: Subject;
  readonly ledger: Ledger;
  readonly rows: RowsLedger;
  readonly selection: RowSelection;
  readonly quarantine: Quarantine;
  readonly gate: PaceGate;
  readonly log: RunLog;
  readonly stop: StopSign;
  /** See `WorkerTools`. */
  readonly isRepeated: boolean;
  /** The first worker's. */
  readonly connection: Connection;
  /** One for each further worker. */
  connect(): Connection;
}

/**
 * The workers of one process on one backfill. Each takes a range that nobody holds; when there is none, it halves the largest one
 * that is being swept, by this process or another. What one worker cannot get done does not keep the others from their ranges.
 */
export class Crew {
  readonly #tools: CrewTools;
  readonly #connections = new Set<Connection>();
  /** Ranges that a worker had to leave with work left: they are for another run. */
  readonly #left: string[] = [];
  readonly #atWork = new Set<Promise<void>>();
  /** Workers that were asked for, the first one included. */
  #recruited = 1;
  #outcome: RangeOutcome | null = null;
  #error: { readonly cause: unknown } | null = null;

  constructor(tools: CrewTools) {
    this.#tools = tools;
  }

  /** The connections in use. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** @returns `done` when there is nothing left that could be taken; else what kept a worker from it */
  async work(first: LeasedRange): Promise<RangeOutcome> {
    this.#start(this.#member(this.#tools.connection, first, 0));
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

  #start(work: Promise<void>): void {
    const started = work.finally(() => this.#atWork.delete(started));
    this.#atWork.add(started);
    started.catch((cause: unknown) => (this.#error ??= { cause }));
  }

  /** As many as are wanted by now. Who has found nothing to take is not asked again. */
  #recruit(): void {
    const { workers } = this.#tools.gate.control.current();
    while (this.#recruited < workers) this.#start(this.#further(this.#recruited++));
    this.#recruited = workers;
  }

  async #further(position: number): Promise<void> {
    const connection = this.#tools.connect();
    try {
      const range = await this.#next(connection, position);
      if (range) await this.#member(connection, range, position);
    } catch (error) {
      // The first worker goes on, and whatever is wrong with the database is told by it.
      const lost = error instanceof DatabaseLostError ? error.cause : error;
      const why = lost instanceof NoConnectionError ? 'The pool has no connection for it' : messageOf(error);
      this.#tools.log.note('warn', `A further worker could not go on: ${why}. The others do.`);
    } finally {
      await connection.drop();
    }
  }

  async #member(connection: Connection, first: LeasedRange, position: number): Promise<void> {
    this.#connections.add(connection);
    try {
      for (let range: LeasedRange | null = first; range; range = await this.#next(connection, position)) {
        const outcome = await this.#workOff(connection, range, position);
        if (outcome.kind === 'done' || outcome.kind === 'dismissed') continue;
        this.#left.push(range.id);
        if (this.#outcome === null || outcome.kind === 'failed') this.#outcome = outcome;
      }
    } finally {
      this.#connections.delete(connection);
    }
  }

  /** Why the worker is to leave its range although there is work left in it; null to go on. */
  #leave(position: number): RangeOutcome | null {
    if (this.#outcome?.kind === 'failed') return OVER;
    return position < this.#tools.gate.control.current().workers ? null : { kind: 'dismissed' };
  }

  async #next(connection: Connection, position: number): Promise<LeasedRange | null> {
    const { gate, stop } = this.#tools;
    const goOn = () =>
      stop.reason === null && this.#outcome?.kind !== 'held' && this.#leave(position) === null;
    const { most } = gate.control;
    return goOn() ? takeRange(connection, { ...this.#tools, most, except: this.#left, goOn }) : null;
  }

  async #workOff(connection: Connection, range: LeasedRange, position: number): Promise<RangeOutcome> {
    const { ledger, log, selection, subject } = this.#tools;
    const worker = new RangeWorker(range, {
      ...this.#tools,
      connection,
      runner: createBatchRunner(selection),
      leave: () => this.#leave(position),
    });
    const keeper = new LeaseKeeper(connection, ledger, () => worker.range);
    const watch = new WaitWatch(connection, ledger, subject, log);
    try {
      const outcome = await worker.work();
      await connection
        .use((session) => ledger.release(session, worker.range, outcome.kind === 'done'))
        .catch((error: unknown) =>
          log.note('warn', `The lease could not be handed back: ${messageOf(error)}`),
        );
      return outcome;
    } finally {
      keeper.stop();
      watch.stop();
    }
  }
}
