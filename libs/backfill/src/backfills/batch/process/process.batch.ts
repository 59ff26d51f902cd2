import type { Key, LeasedRange } from '../../../ledger/range.js';
import { json, number, text } from '../../../postgres/decoders.js';
import { IN_FAILED_TRANSACTION, sqlState, TRANSACTION_ENDED } from '../../../postgres/error-classes.js';
import type { Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import { resetPlannerSettings, limitTransaction, pipelineTimeout } from '../../../postgres/timeout-policy.js';
import type { ProcessDefinition } from '../../definition/definition.js';
import { StillPendingError, SwallowedError, TransactionEndedError } from '../../run.error.js';
import type { BatchOutcome, BatchRunner, KeyOutcome, KeyStep, SweepStep } from '../batch.js';
import { toCodeError } from '../batch-code.error.js';
import { removeFromSkipped, toOutcome } from '../batch-entry.js';
import { waitingPolicy } from '../batch.policy.js';
import { orderOf } from '../order/order.factory.js';
import { RowCodec } from '../row.codec.js';
import type { RowSelection } from '../row-selection.js';
import { endOfBatch, READ_CLOCK, readClock } from '../server-clock.js';
import { MARK_TRANSACTION, ProcessStatements, type LockedRow } from './process.statements.js';

/** The number of columns before those that the code reads: key, tenant and ctid. */
const FIXED_COLUMNS = 3;
const toKey = json<string[]>();
/**
 * The maximum wait for a lock in a transaction that runs the application's code. It is longer than for the
 * other kinds: a lock timeout makes the code fail, and the rows stay locked while the code runs in any case.
 * It is also longer than PostgreSQL's `deadlock_timeout` (1 s), so that PostgreSQL reports a deadlock instead
 * of a lock timeout.
 */
const MAX_CODE_LOCK_WAIT_MS = 2_000;

/** The locked rows, and when they were locked. */
interface LockedRows {
  readonly rows: readonly LockedRow[];
  /** The server's clock after the rows were locked. */
  readonly lockedAt: number;
  /** The server's time to find and lock the rows. */
  readonly serverMs: number;
}

/** The locked rows of one batch, as the code and the ledger entry need them. */
interface LockedBatch extends LockedRows {
  readonly range: LeasedRange;
  readonly step: { readonly number: number; readonly signal: AbortSignal };
  readonly cursor: Key | null;
}

/**
 * `process`: runs the application's code in the batch's transaction, on locked rows. It needs more round
 * trips than the other kinds, because the code sends its own statements and TypeORM must open the
 * transaction. Otherwise a `save()` of the code would commit the transaction instead of using a savepoint.
 */
export class ProcessBatchRunner implements BatchRunner {
  readonly maxInFlight = 1;
  readonly canBeOptimistic = false;
  readonly canBeUnselected = false;
  readonly #selection: RowSelection;
  readonly #definition: ProcessDefinition;
  readonly #codec: RowCodec;
  readonly #statements: ProcessStatements;

  constructor(selection: RowSelection, definition: ProcessDefinition) {
    this.#selection = selection;
    this.#definition = definition;
    this.#codec = new RowCodec(definition);
    this.#statements = new ProcessStatements(selection, definition);
  }

  async sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    return this.#inTransaction(session, this.#codeLockTimeout, async () => {
      const locked = await this.#lock(session, this.preview(range, step));
      const { cursor } = orderOf(this.#selection).continuation(step, locked.rows);
      return this.#process(session, { ...locked, range, step, cursor });
    });
  }

  /** The code may call services and send mail, so it never runs in a rehearsal. */
  async rehearse(): Promise<null> {
    return null;
  }

  preview(range: LeasedRange, step: SweepStep): Statement {
    return this.#statements.lock(range, step);
  }

  async byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome> {
    return this.#inTransaction(session, step.lockTimeoutMs ?? this.#codeLockTimeout, async () => {
      const locked = await this.#lock(session, this.#statements.lockByKey(step));
      const outcome = await this.#process(session, { ...locked, range, step, cursor: step.cursor });
      const { last } = await session.send([removeFromSkipped(this.#selection, step.keys)]);
      return { ...outcome, stillPending: last.value(number) };
    });
  }

  /** Waits for the backfill's table only, because the tables that the code uses are not known. */
  async waitForTables(session: Session): Promise<void> {
    const { lockTimeout } = this.#definition.pace;
    const emptyBatch = this.#statements.lockByKey({ keys: [], lockTimeoutMs: lockTimeout });
    await session.begin([waitingPolicy(this.#definition, lockTimeout), emptyBatch]);
    await session.rollback();
  }

  get #codeLockTimeout(): number {
    return Math.min(MAX_CODE_LOCK_WAIT_MS, this.#definition.pace.lockTimeout);
  }

  async #inTransaction<T>(session: Session, lockTimeoutMs: number, work: () => Promise<T>): Promise<T> {
    const { queryRunner } = session;
    await queryRunner.startTransaction('READ COMMITTED');
    try {
      await session.send([waitingPolicy(this.#definition, lockTimeoutMs), MARK_TRANSACTION]);
      const result = await work();
      await queryRunner.commitTransaction();
      return result;
    } catch (error) {
      if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction().catch(() => undefined);
      throw error;
    }
  }

  async #lock(session: Session, statement: Statement): Promise<LockedRows> {
    // The code's queries run with the usual planner settings and without a transaction timeout.
    const forCode = [...resetPlannerSettings(), limitTransaction(0)];
    const results = await session.send([
      READ_CLOCK,
      statement,
      READ_CLOCK,
      ...this.#statements.assertFile(),
      ...forCode,
    ]);
    const result = results.at(1);
    const lockedAt = readClock(results.at(2));
    const toEntity = this.#codec.decoder(session, result, this.#definition.reads, FIXED_COLUMNS);
    const rows = result.rows.map((row) => ({
      key: toKey(row[0] ?? null),
      tenant: row[1] ?? null,
      ctid: text(row[2] ?? null),
      entity: toEntity(row),
    }));
    return { rows, lockedAt, serverMs: Math.max(0, lockedAt - readClock(results.at(0))) };
  }

  async #process(session: Session, batch: LockedBatch): Promise<BatchOutcome> {
    const { rows, serverMs } = batch;
    const codeStartedAt = performance.now();
    if (rows.length > 0) await this.#runCode(session, batch);
    const codeMs = performance.now() - codeStartedAt;
    const { time, ...outcome } = await this.#writeLedgerEntry(session, batch);
    return {
      ...outcome,
      cursor: batch.cursor,
      tenant: rows.at(-1)?.tenant ?? null,
      time: { ...time, serverMs: serverMs + time.serverMs, codeMs },
    };
  }

  async #runCode(session: Session, { rows, step }: LockedBatch): Promise<void> {
    const { name, version, code } = this.#definition;
    const context = { backfill: name, version, batch: step.number, signal: step.signal };
    try {
      await code.process({ rows: rows.map(({ entity }) => entity), context }, session.queryRunner.manager);
    } catch (error) {
      throw toCodeError(name, error);
    }
  }

  /** Checks the transaction and the rows after the code has run, and writes the ledger entry. */
  async #writeLedgerEntry(session: Session, batch: LockedBatch): Promise<BatchOutcome> {
    const { range, rows, cursor, lockedAt } = batch;
    const { name, pace } = this.#definition;
    const statements = [
      this.#statements.assertOpen(),
      limitTransaction(pipelineTimeout(pace)),
      this.#statements.entry(range, rows, cursor),
      this.#statements.countPending(rows),
      ...endOfBatch(this.#selection.facts),
    ];
    const result = await session.send(statements).catch((error: unknown) => {
      const state = sqlState(error);
      if (state === IN_FAILED_TRANSACTION) throw new SwallowedError(name, error);
      throw state === TRANSACTION_ENDED ? new TransactionEndedError(name) : error;
    });
    if (result.at(3).value(number) > 0) throw new StillPendingError(name);
    const { time, ...outcome } = toOutcome(result.at(2), result.last);
    return { ...outcome, time: { ...time, lockedMs: Math.max(0, readClock(result.last) - lockedAt) } };
  }
}
