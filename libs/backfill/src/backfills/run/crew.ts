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
import { splitLargest } from './range.splitter.js';
import { RangeWorker, type RangeOutcome } from './range.worker.js';
import type { RunLog } from './run-log.js';
import type { StopSign } from './stop-sign.js';
import { WaitWatch } from './wait.watch.js';

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
  #outcome: RangeOutcome | null = null;

  constructor(tools: CrewTools) {
    this.#tools = tools;
  }

  /** The connections in use. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** @returns `done` when there is nothing left that could be taken; else what kept a worker from it */
  async work(first: LeasedRange): Promise<RangeOutcome> {
    const { workers } = this.#tools.selection.definition.pace;
    const others = Array.from({ length: workers - 1 }, () => this.#further());
    await Promise.all([this.#member(this.#tools.connection, first), ...others]);
    return this.#outcome ?? { kind: 'done' };
  }

  async #further(): Promise<void> {
    const connection = this.#tools.connect();
    try {
      const range = await this.#next(connection);
      if (range) await this.#member(connection, range);
    } catch (error) {
      // The first worker goes on, and whatever is wrong with the database is told by it.
      const lost = error instanceof DatabaseLostError ? error.cause : error;
      const why = lost instanceof NoConnectionError ? 'The pool has no connection for it' : messageOf(error);
      this.#tools.log.note('warn', `A further worker could not go on: ${why}. The others do.`);
    } finally {
      await connection.drop();
    }
  }

  async #member(connection: Connection, first: LeasedRange): Promise<void> {
    this.#connections.add(connection);
    try {
      for (let range: LeasedRange | null = first; range; range = await this.#next(connection)) {
        const outcome = await this.#workOff(connection, range);
        if (outcome.kind === 'done') continue;
        this.#left.push(range.id);
        if (this.#outcome === null || outcome.kind === 'failed') this.#outcome = outcome;
      }
    } finally {
      this.#connections.delete(connection);
    }
  }

  async #next(connection: Connection): Promise<LeasedRange | null> {
    const { ledger, selection, stop, subject } = this.#tools;
    const { maxWorkers } = selection.definition.pace;
    const lease = () =>
      connection.use((session) =>
        ledger.lease(session, subject, selection.tenants, { most: maxWorkers, except: this.#left }),
      );
    while (stop.reason === null && this.#outcome?.kind !== 'failed' && this.#outcome?.kind !== 'held') {
      const range = await lease();
      if (range !== null || maxWorkers === 1) return range;
      if (!(await connection.use((session) => splitLargest(session, selection, subject)))) return null;
    }
    return null;
  }

  async #workOff(connection: Connection, range: LeasedRange): Promise<RangeOutcome> {
    const { ledger, log, selection, subject } = this.#tools;
    const worker = new RangeWorker(range, {
      ...this.#tools,
      connection,
      runner: createBatchRunner(selection),
      isOver: () => this.#outcome?.kind === 'failed',
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
