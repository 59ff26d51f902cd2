import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { LeasedRange } from '../../../ledger/range.js';
import { number } from '../../../postgres/decoders.js';
import type { PipelineResult, Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import type { TransformDefinition } from '../../definition/definition.js';
import type { BatchOutcome, BatchRunner, KeyOutcome, KeyStep, SweepStep } from '../batch.js';
import { removeFromSkipped, toOutcome } from '../batch-entry.js';
import { lockingPolicy, rehearsalPolicy, sweepPolicy, waitingPolicy } from '../batch.policy.js';
import { analyzed, explainedBatch, type ExplainedBatch } from '../explained-batch.js';
import type { RowSelection } from '../row-selection.js';
import { orderOf } from '../order/order.factory.js';
import type { SweepOrder } from '../order/sweep-order.js';
import { endOfBatch, NO_TIME, READ_CLOCK, readClock } from '../server-clock.js';
import { ReadRowCodec } from './read-row.codec.js';
import { TransformCode } from './transform.code.js';
import type { ReadRow, RowChange } from './transform.row.js';
import { TransformStatements } from './transform.statements.js';

/** The rows of one batch, and the server's time to read them. */
interface ReadBatch {
  readonly rows: readonly ReadRow[];
  readonly serverMs: number;
}

/** The new values of the rows, and the time of the code that computed them. */
interface ComputedBatch {
  readonly changes: readonly RowChange[];
  readonly codeMs: number;
}

const NO_ROWS: ReadBatch = { rows: [], serverMs: 0 };

/** A batch in flight: its rows are read, then computed, then written. */
interface BatchInFlight {
  /** Known after the previous batch has read its rows. */
  readonly step: Promise<SweepStep>;
  readonly read: Promise<ReadBatch>;
  readonly computed: Promise<ComputedBatch>;
  readonly outcome: Promise<BatchOutcome>;
}

/** A batch whose rows are read and computed. */
interface BatchToWrite {
  readonly step: SweepStep;
  readonly read: ReadBatch;
  readonly computed: ComputedBatch;
}

interface BatchStart {
  readonly session: Session;
  readonly range: LeasedRange;
  readonly step: Promise<SweepStep>;
  /** The previous batch, which must commit before this batch is written. */
  readonly previous: BatchInFlight | null;
}

/**
 * `transform`: reads rows without locks, computes the changes in TypeScript, and writes a row only if it is
 * still the version that was read. The settling pass handles the other rows. So no other session waits while
 * TypeScript runs, and no concurrent write is lost.
 */
export class TransformBatchRunner implements BatchRunner {
  /** RETURNING reads the tenant from the new version of the row, so the change must not write it. */
  readonly canBeOptimistic: boolean;
  readonly canBeUnselected = false;
  /** The rows of one batch are computed while those of the previous one are written. */
  readonly maxInFlight = 2;
  readonly #selection: RowSelection;
  readonly #definition: TransformDefinition;
  readonly #rows: ReadRowCodec;
  readonly #code: TransformCode;
  readonly #statements: TransformStatements;
  readonly #order: SweepOrder;
  #inFlight: BatchInFlight | null = null;

  constructor(selection: RowSelection, definition: TransformDefinition) {
    this.canBeOptimistic = definition.writes.every((column) => column !== definition.tenant);
    this.#selection = selection;
    this.#definition = definition;
    this.#rows = new ReadRowCodec(selection, definition);
    this.#code = new TransformCode(definition);
    this.#statements = new TransformStatements(selection, definition, this.#rows.columns);
    this.#order = orderOf(selection);
  }

  /** Needs two round trips, because the function runs in this process between the read and the write. */
  sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    return this.#start({ session, range, step: Promise.resolve(step), previous: null });
  }

  /**
   * Reads the rows of the next batch while the function computes the batch in flight, and computes them while
   * the server writes that batch. If a row changes between the read and the write, it is not written: the
   * write matches only the version that was read.
   */
  pipelineSweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null {
    const previous = this.#inFlight;
    if (previous === null) return null;
    const next = this.#stepAfter(previous, step);
    return this.#start({ session, range, step: next, previous });
  }

  async rehearse(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    const policy = lockingPolicy(this.#definition);
    const read = this.#toRead(
      session,
      await session.send([policy, READ_CLOCK, this.preview(range, step), READ_CLOCK]),
    );
    const computed = await this.#compute(read, step);
    return this.#write({ step, read, computed }, () =>
      session.send(this.#metered(policy, this.#writeStatement(range, { step, read, computed }), null)),
    );
  }

  async explain(
    session: Session,
    range: LeasedRange,
    step: SweepStep,
    maxMs: number,
  ): Promise<ExplainedBatch> {
    const policy = rehearsalPolicy(this.#definition, maxMs);
    const read = this.#toRead(
      session,
      await session.send([policy, READ_CLOCK, this.preview(range, step), READ_CLOCK]),
    );
    const computed = await this.#compute(read, step);
    const write = analyzed(this.#writeStatement(range, { step, read, computed }));
    return explainedBatch((await session.send([policy, write])).last, read.serverMs);
  }

  preview(range: LeasedRange, step: SweepStep): Statement {
    return this.#statements.read(range, step);
  }

  async byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome> {
    // If the batch locks the row, the transaction stays open while the function runs, because a commit would
    // release the lock.
    const holdsLock = step.lockTimeoutMs !== null;
    const policy = holdsLock
      ? waitingPolicy(this.#definition, step.lockTimeoutMs)
      : lockingPolicy(this.#definition);
    const { last } = await session.begin([policy, this.#statements.readByKey(step)]);
    if (!holdsLock) await session.commit();
    try {
      const changes = await this.#code.compute(this.#rows.decode(session, last), step);
      const write = this.#statements.write(range, changes, { cursor: step.cursor });
      const metered = this.#metered(lockingPolicy(this.#definition), write, this.#selection.ledger);
      const statements = [...metered, removeFromSkipped(this.#selection, step.keys)];
      const written = holdsLock ? await session.commit(statements) : await session.transaction(statements);
      // Results are indexed from the front, because `commit` also returns the result of COMMIT.
      return {
        ...this.#outcome(written, metered.length - 1),
        stillPending: written.at(metered.length).value(number),
      };
    } catch (error) {
      if (holdsLock) await session.rollback();
      throw error;
    }
  }

  async waitForTables(session: Session, range: LeasedRange): Promise<void> {
    const emptyBatch = this.#statements.write(range, [], { cursor: null });
    await session.begin([waitingPolicy(this.#definition), emptyBatch]);
    await session.rollback();
  }

  /** The step that begins where the previous one ends. */
  async #stepAfter({ step: previous, read }: BatchInFlight, step: SweepStep): Promise<SweepStep> {
    const { cursor } = this.#order.continuation(await previous, (await read).rows);
    return { ...step, cursor, number: step.number + 1 };
  }

  #start({ session, range, step, previous }: BatchStart): Promise<BatchOutcome> {
    const load = async () => {
      const isDone = previous !== null && (await this.#isWindowDone(previous));
      return isDone ? NO_ROWS : this.#read(session, range, await step);
    };
    const read = load();
    const compute = async () => {
      const batch = await read;
      await previous?.computed;
      return this.#compute(batch, await step);
    };
    const computed = compute();
    const write = async () => {
      const batch = { step: await step, read: await read, computed: await computed };
      await previous?.outcome;
      const policy = sweepPolicy(this.#definition, batch.step.lockMode);
      return this.#write(batch, () =>
        session.transaction(
          this.#metered(policy, this.#writeStatement(range, batch), this.#selection.ledger),
        ),
      );
    };
    const outcome = write();
    // The caller awaits `outcome`, which fails with the same error.
    for (const part of [step, read, computed]) part.catch(() => undefined);
    this.#inFlight = { step, read, computed, outcome };
    return outcome;
  }

  async #isWindowDone({ step, read }: BatchInFlight): Promise<boolean> {
    return this.#order.continuation(await step, (await read).rows).isWindowDone;
  }

  /**
   * The read takes no row locks. It waits only briefly for the table lock, because `waitForTables` does the
   * long wait.
   */
  async #read(session: Session, range: LeasedRange, step: SweepStep): Promise<ReadBatch> {
    const policy = lockingPolicy(this.#definition);
    const statements = [policy, READ_CLOCK, this.#statements.read(range, step), READ_CLOCK];
    return this.#toRead(session, await session.transaction(statements));
  }

  /** @param result ends with the results of a clock, the read and a clock */
  #toRead(session: Session, result: PipelineResult): ReadBatch {
    const serverMs = Math.max(0, readClock(result.last) - readClock(result.at(-3)));
    return { rows: this.#rows.decode(session, result.at(-2)), serverMs };
  }

  async #compute({ rows }: ReadBatch, step: SweepStep): Promise<ComputedBatch> {
    const startedAt = performance.now();
    const changes = await this.#code.compute(rows, step);
    return { changes, codeMs: performance.now() - startedAt };
  }

  /**
   * The statements of a write, and those that count the rows that it takes along.
   *
   * @param ledger null: the batch is rolled back and may take any number of rows along
   */
  #metered(policy: Statement, write: Statement, ledger: BackfillLedger | null): Statement[] {
    const { cascades } = this.#selection.facts;
    return cascades === null
      ? [policy, write, ...this.#end]
      : [policy, cascades.before(), write, cascades.after(ledger), ...this.#end];
  }

  /** @param clock the index of the result of the last statement of `#metered` */
  #outcome(written: PipelineResult, clock: number): BatchOutcome {
    const { cascades } = this.#selection.facts;
    const outcome = toOutcome(written.at(cascades === null ? 1 : 2), written.at(clock));
    cascades?.add(written, { before: 1, after: 3 }, outcome.changed);
    return outcome;
  }

  get #end(): Statement[] {
    return endOfBatch(this.#selection.facts);
  }

  #writeStatement(range: LeasedRange, { step, read, computed }: BatchToWrite): Statement {
    const { lockMode } = step;
    const { cursor } = this.#order.continuation(step, read.rows);
    return this.#statements.write(range, computed.changes, { cursor, ...(lockMode && { lockMode }) });
  }

  async #write(
    { step, read, computed }: BatchToWrite,
    send: () => Promise<PipelineResult>,
  ): Promise<BatchOutcome> {
    const { rows, serverMs } = read;
    const lastRow = rows.at(-1);
    // The cursor moves past every row that was read, changed or not. Without a row there is nothing to record:
    // the next write records its own cursor.
    const { cursor } = this.#order.continuation(step, rows);
    if (!lastRow) return { selected: 0, changed: 0, cursor, tenant: null, samePage: null, time: NO_TIME };
    const written = await send();
    const outcome = this.#outcome(written, -1);
    return {
      ...outcome,
      selected: rows.length,
      cursor,
      tenant: lastRow.tenant,
      // The read holds no locks.
      time: { ...outcome.time, serverMs: serverMs + outcome.time.serverMs, codeMs: computed.codeMs },
    };
  }
}
