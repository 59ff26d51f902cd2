import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { positionFromKey } from '../../../ledger/pages/page-position.js';
import type { LeasedRange } from '../../../ledger/range.js';
import { number } from '../../../postgres/decoders.js';
import type { PipelineResult, Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import { TransactionQueue } from './transaction-queue.js';
import type { TransformDefinition } from '../../definition/definition.js';
import type { BatchOutcome, BatchRunner, KeyOutcome, KeyStep, SweepStep } from '../batch.js';
import { removeFromSkipped, toOutcome } from '../batch-entry.js';
import { lockingPolicy, rehearsalPolicy, sweepPolicy, waitingPolicy } from '../batch.policy.js';
import { analyzed, explainedBatch, type ExplainedBatch } from '../explained-batch.js';
import type { RowSelection } from '../row-selection.js';
import { orderOf } from '../order/order.factory.js';
import { boundAt, isFirstOfStripes } from '../order/region.js';
import type { SweepOrder } from '../order/sweep-order.js';
import { endOfBatch, NO_TIME } from '../server-clock.js';
import type {
  BatchInFlight,
  BatchToWrite,
  ComputedBatch,
  ReadBatch,
  ReadRows,
  WriteTransaction,
} from './batch-in-flight.js';
import { ReadRowCodec } from './read-row.codec.js';
import { reading, RowReader } from './row.reader.js';
import { TransformCode } from './transform.code.js';
import { TransformStatements } from './transform.statements.js';

const NO_ROWS: ReadRows = { rows: [], serverMs: 0 };

interface BatchStart {
  readonly session: Session;
  readonly queue: TransactionQueue;
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
  readonly followsRows = true;
  readonly maxInFlight: number;
  readonly #selection: RowSelection;
  readonly #definition: TransformDefinition;
  readonly #rows: ReadRowCodec;
  readonly #reader: RowReader;
  readonly #code: TransformCode;
  readonly #statements: TransformStatements;
  readonly #order: SweepOrder;
  #inFlight: BatchInFlight | null = null;

  constructor(selection: RowSelection, definition: TransformDefinition) {
    this.canBeOptimistic = definition.writes.every((column) => column !== definition.tenant);
    // The bound of a batch is what the batches before it have left.
    this.maxInFlight = selection.facts.cascades?.isAccepted === false ? 1 : 8;
    this.#selection = selection;
    this.#definition = definition;
    this.#rows = new ReadRowCodec(selection, definition);
    this.#code = new TransformCode(definition);
    this.#statements = new TransformStatements(selection, definition, this.#rows.columns);
    this.#reader = new RowReader(definition, {
      statements: this.#statements,
      codec: this.#rows,
      isInPages: selection.file !== null,
    });
    this.#order = orderOf(selection);
  }

  /** Needs two round trips, because the function runs in this process between the read and the write. */
  sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    const queue = new TransactionQueue(session);
    return this.#start({ session, queue, range, step: Promise.resolve(step), previous: null });
  }

  /**
   * Reads and computes the rows of the next batch while the server writes those of the batch in flight, and sends
   * its write at once. If a row changes between the read and the write, it is not written: the write matches only
   * the version that was read.
   */
  pipelineSweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null {
    const previous = this.#inFlight;
    if (previous === null) return null;
    const next = this.#stepAfter(previous, step);
    return this.#start({ session, queue: previous.queue, range, step: next, previous });
  }

  async rehearse(
    session: Session,
    range: LeasedRange,
    step: SweepStep,
    maxMs: number,
  ): Promise<BatchOutcome> {
    const result = await session.send(reading(lockingPolicy(this.#definition), this.preview(range, step)));
    const read = this.#withNext(step, this.#reader.decode(session, result));
    const computed = await this.#compute(read, step);
    const policy = rehearsalPolicy(this.#definition, maxMs);
    return this.#write(
      { step, read, computed },
      { range, policy, ledger: null, send: (all) => session.send(all) },
    );
  }

  async explain(
    session: Session,
    range: LeasedRange,
    step: SweepStep,
    maxMs: number,
  ): Promise<ExplainedBatch> {
    const policy = rehearsalPolicy(this.#definition, maxMs);
    const result = await session.send(reading(policy, this.preview(range, step)));
    const read = this.#withNext(step, this.#reader.decode(session, result));
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
      const metered = this.#metered([lockingPolicy(this.#definition)], write, this.#selection.ledger);
      const statements = [...metered, removeFromSkipped(this.#selection, step.keys)];
      const written = holdsLock ? await session.commit(statements) : await session.transaction(statements);
      // Results are indexed from the front, because `commit` also returns the result of COMMIT.
      return {
        ...this.#outcome(written, { before: 1, clock: metered.length - 1 }),
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
  async #stepAfter({ step: before, read }: BatchInFlight, step: SweepStep): Promise<SweepStep> {
    const previous = await before;
    const { cursor } = (await read).next;
    const { limits } = step;
    const limit = limits?.[isFirstOfStripes(cursor, step.region) ? 'firstStripe' : 'others'] ?? step.limit;
    return { ...step, cursor, limit, number: previous.number + 1 };
  }

  #start({ session, queue, range, step, previous }: BatchStart): Promise<BatchOutcome> {
    const load = async () => {
      const isDone = (await previous?.read)?.next.isWindowDone === true;
      const at = await step;
      return this.#withNext(at, isDone ? NO_ROWS : await this.#reader.read(at, { session, queue, range }));
    };
    const read = load();
    const compute = async () => {
      const batch = await read;
      await previous?.computed;
      return this.#compute(batch, await step);
    };
    const computed = compute();
    const enqueue = async () => {
      const batch = { step: await step, read: await read, computed: await computed };
      await previous?.queued;
      // Written before the batch, so that the rows are there in time.
      if (previous) this.#reader.readAhead(queue, batch.step);
      const policy = sweepPolicy(this.#definition, batch.step.lockMode);
      const { ledger } = this.#selection;
      return { outcome: this.#write(batch, { range, policy, ledger, send: (all) => queue.send(all) }) };
    };
    const queued = enqueue();
    const finish = async () => {
      try {
        const outcome = await (await queued).outcome;
        // Nothing was sent for it, and its cursor is behind the rows of the previous batch.
        if (outcome.selected === 0) await previous?.outcome;
        return outcome;
      } catch (error) {
        this.#reader.forget();
        throw error;
      }
    };
    const outcome = finish();
    // The caller awaits `outcome`, which fails with the same error.
    for (const part of [step, read, computed, queued]) part.catch(() => undefined);
    this.#inFlight = { queue, step, read, computed, queued, outcome };
    return outcome;
  }

  #withNext(step: SweepStep, read: ReadRows): ReadBatch {
    return { ...read, next: this.#order.continuation(step, read.rows) };
  }

  async #compute({ rows }: ReadRows, step: SweepStep): Promise<ComputedBatch> {
    const startedAt = performance.now();
    const changes = await this.#code.compute(rows, step);
    return { changes, codeMs: performance.now() - startedAt };
  }

  /**
   * The statements of a write, and those that count the rows that it takes along.
   *
   * @param ledger null: the batch is rolled back and may take any number of rows along
   */
  /** @param before the statements before those that count */
  #metered(before: readonly Statement[], write: Statement, ledger: BackfillLedger | null): Statement[] {
    const { cascades } = this.#selection.facts;
    return cascades === null
      ? [...before, write, ...this.#end]
      : [...before, cascades.before(), write, cascades.after(ledger), ...this.#end];
  }

  /** @param clock the index of the result of the last statement of `#metered` */
  #outcome(
    written: PipelineResult,
    { before, clock }: { readonly before: number; readonly clock: number },
  ): BatchOutcome {
    const { cascades } = this.#selection.facts;
    const outcome = toOutcome(written.at(cascades === null ? before : before + 1), written.at(clock));
    cascades?.add(written, { before, after: before + 2 }, outcome.changed);
    return outcome;
  }

  get #end(): Statement[] {
    return endOfBatch(this.#selection.facts);
  }

  #writeStatement(range: LeasedRange, { step: { lockMode }, read, computed }: BatchToWrite): Statement {
    const { cursor } = read.next;
    return this.#statements.write(range, computed.changes, { cursor, ...(lockMode && { lockMode }) });
  }

  async #write(
    batch: BatchToWrite,
    { range, policy, ledger, send }: WriteTransaction,
  ): Promise<BatchOutcome> {
    const { read, computed } = batch;
    const { rows, serverMs } = read;
    const lastRow = rows.at(-1);
    // The cursor moves past every row that was read, changed or not. Without a row there is nothing to record:
    // the next write records its own cursor.
    const { cursor } = read.next;
    if (!lastRow) return { selected: 0, changed: 0, cursor, tenant: null, samePage: null, time: NO_TIME };
    const pruning = this.#pruning(batch);
    const metered = this.#metered([policy, ...pruning], this.#writeStatement(range, batch), ledger);
    const written = await send(metered);
    const outcome = this.#outcome(written, { before: 1 + pruning.length, clock: -1 });
    return {
      ...outcome,
      selected: rows.length,
      cursor,
      tenant: lastRow.tenant,
      // The read holds no locks.
      time: { ...outcome.time, serverMs: serverMs + outcome.time.serverMs, codeMs: computed.codeMs },
    };
  }

  /** The first stripe of a region finds no dead versions. */
  #pruning({ step, computed }: BatchToWrite): Statement[] {
    const { stripe } = positionFromKey(step.cursor ?? boundAt(0));
    return this.#selection.file !== null && stripe > 0 ? [this.#statements.prune(computed.changes)] : [];
  }
}
