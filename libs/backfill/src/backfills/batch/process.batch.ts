import type { Key, LeasedRange } from '../../ledger/range.js';
import type { Statement } from '../../postgres/pipeline.js';
import { IN_FAILED_TRANSACTION, sqlState, TRANSACTION_ENDED } from '../../postgres/error-classes.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import {
  applyBatchPolicy,
  pipelineTimeout,
  resetPlannerSettings,
  limitTransaction,
} from '../../postgres/timeout-policy.js';
import { ROW, type ProcessDefinition } from '../definition/definition.js';
import { StillPendingError, SwallowedDatabaseError, TransactionEndedError } from '../run.error.js';
import type { BatchOutcome, BatchRunner, KeyOutcome, KeyStep, SweepStep } from './batch.js';
import { removeFromSkipped, toOutcome, withEntry, type CursorMove } from './batch-entry.js';
import { describeCodeError } from './code-errors.js';
import { RowCodec } from './row-codec.js';
import type { RowSelection } from './row-selection.js';

interface HeldRow {
  readonly key: Key;
  readonly tenant: string | null;
  readonly entity: Record<string, unknown>;
}

const FIXED_COLUMNS = 2;
/**
 * Milliseconds that a statement waits for a lock in a transaction in which the application's code runs over rows that are held. The code
 * takes as long as it takes anyway, and a wait that is cut short is an error in it; so it is longer than for the other kinds, and
 * than PostgreSQL's `deadlock_timeout` (1 s), by which a deadlock is told as one.
 */
const CODE_WAIT = 2_000;

/** TypeORM says nothing of it, and a role's default may be another. */
const WRITABLE: Statement = { text: 'SET TRANSACTION READ WRITE' };
/** A setting of the transaction: gone when the code has ended the transaction, so that what follows would not be part of it. */
const MARK: Statement = { text: "SELECT set_config('nestjs_backfill.batch', 'open', true)" };

/**
 * `process`: free code in the batch's transaction, over locked rows. It takes more round trips than the other kinds: TypeORM has
 * to know of the transaction, so that what the code saves nests in it instead of committing it, and the code's own
 * statements come in between.
 */
export class ProcessBatchRunner implements BatchRunner {
  readonly canBeOptimistic = false;
  readonly #selection: RowSelection;
  readonly #definition: ProcessDefinition;
  readonly #codec: RowCodec;

  constructor(selection: RowSelection, definition: ProcessDefinition) {
    this.#selection = selection;
    this.#definition = definition;
    this.#codec = new RowCodec(definition.dataSource);
  }

  async sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    return this.#inTransaction(session, this.#codeWait, async () => {
      const held = await this.#hold(session, this.preview(range, step));
      return this.#process(session, range, held, step, held.at(-1)?.key ?? null);
    });
  }

  /** The code may call services and send mail: it is never run for a rehearsal. */
  async rehearse(): Promise<null> {
    return null;
  }

  preview(_range: LeasedRange, step: SweepStep): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    return {
      text: `SELECT ${this.#columns()} FROM ${selection.from}
      WHERE ${selection.between(step.cursor, step.windowUpper, parameters)} AND ${selection.isPending(parameters, step)}
      ORDER BY ${selection.orderBy()} LIMIT ${parameters.add(step.limit, 'int')}
      FOR NO KEY UPDATE OF ${ROW} SKIP LOCKED`,
      values: parameters.values,
      typed: true,
    };
  }

  async byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome> {
    return this.#inTransaction(session, step.lockTimeoutMs ?? this.#codeWait, async () => {
      const parameters = this.#selection.parameters();
      const held = await this.#hold(session, {
        text: `SELECT ${this.#columns()} FROM ${this.#selection.fromKeys(step.keys, parameters)}
          WHERE ${this.#selection.isPending(parameters)}
          FOR NO KEY UPDATE OF ${ROW} ${step.lockTimeoutMs === null ? 'SKIP LOCKED' : ''}`,
        values: parameters.values,
        typed: true,
      });
      const outcome = await this.#process(session, range, held, step, step.cursor);
      const { rows } = await session.send([removeFromSkipped(this.#selection, step.keys)]);
      return { ...outcome, stillPending: Number(rows[0]?.[0]?.[0] ?? 0) };
    });
  }

  async waitForTables(session: Session): Promise<void> {
    const parameters = this.#selection.parameters();
    // A batch of no rows. Which other tables the code would need is not known.
    const none = {
      text: `SELECT ${this.#columns()} FROM ${this.#selection.fromKeys([], parameters)}
        WHERE ${this.#selection.isPending(parameters)} FOR NO KEY UPDATE OF ${ROW}`,
      values: parameters.values,
    };
    await session.begin([this.#policy(this.#definition.pace.lockTimeout), none]);
    await session.rollback();
  }

  get #codeWait(): number {
    return Math.min(CODE_WAIT, this.#definition.pace.lockTimeout);
  }

  async #inTransaction<T>(session: Session, wait: number, work: () => Promise<T>): Promise<T> {
    const { queryRunner } = session;
    await queryRunner.startTransaction('READ COMMITTED');
    try {
      await session.send([WRITABLE, this.#policy(wait), MARK]);
      const result = await work();
      await queryRunner.commitTransaction();
      return result;
    } catch (error) {
      if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction().catch(() => undefined);
      throw error;
    }
  }

  #policy(lockTimeout: number): Statement {
    const { pace, name } = this.#definition;
    return applyBatchPolicy({ ...pace, lockTimeout }, pace.synchronousCommit, name);
  }

  #columns(): string {
    return `${this.#selection.keyJson}::text, ${this.#selection.tenantText}, ${this.#selection.readColumns(this.#definition.reads)}`;
  }

  async #hold(session: Session, statement: Statement): Promise<HeldRow[]> {
    // The code's own queries are planned as usual, and how long they take together is their affair.
    const { rows, types } = await session.send([statement, ...resetPlannerSettings(), limitTransaction(0)]);
    return (rows[0] ?? []).map((row) => ({
      key: JSON.parse(row[0] ?? '[]') as string[],
      tenant: row[1] ?? null,
      entity: this.#codec.decode(session, this.#definition.reads, row, types[0] ?? [], FIXED_COLUMNS),
    }));
  }

  async #process(
    session: Session,
    range: LeasedRange,
    held: readonly HeldRow[],
    step: { readonly number: number; readonly signal: AbortSignal },
    cursor: CursorMove,
  ): Promise<BatchOutcome> {
    const { name, version, code } = this.#definition;
    if (held.length > 0) {
      const context = { backfill: name, version, batch: step.number, signal: step.signal };
      try {
        await code.process({ rows: held.map(({ entity }) => entity), context }, session.queryRunner.manager);
      } catch (error) {
        throw describeCodeError(error);
      }
    }
    const { rows } = await session
      .send([
        this.#demandOpen(),
        limitTransaction(pipelineTimeout(this.#definition.pace)),
        this.#entry(range, held, cursor),
        this.#stillPending(held),
      ])
      .catch((error: unknown) => {
        const state = sqlState(error);
        if (state === IN_FAILED_TRANSACTION) throw new SwallowedDatabaseError(name, error);
        throw state === TRANSACTION_ENDED ? new TransactionEndedError(name) : error;
      });
    if (rows[3]?.[0]?.[0] !== '0') throw new StillPendingError(name);
    return {
      ...toOutcome(rows[2]?.[0]),
      lastKey: held.at(-1)?.key ?? null,
      tenant: held.at(-1)?.tenant ?? null,
    };
  }

  /** The code has had the transaction in its hands: whether it is still there. */
  #demandOpen(): Statement {
    const isMarked = "current_setting('nestjs_backfill.batch', true) IS NOT DISTINCT FROM 'open'";
    return {
      text: `SELECT ${this.#selection.ledger.assert(isMarked, TRANSACTION_ENDED, 'the transaction was ended')}`,
    };
  }

  #entry(range: LeasedRange, held: readonly HeldRow[], cursor: CursorMove): Statement {
    const selection = this.#selection;
    const parameters = new Parameters();
    const keys = this.#definition.key.map((_, at) =>
      parameters.addArray(held.map(({ key }) => key[at] ?? null)),
    );
    const names = this.#definition.key.map((_, at) => `nb_key_${at + 1}`);
    const tenants = parameters.addArray(held.map(({ tenant }) => tenant));
    return {
      text: `WITH taken AS MATERIALIZED (
          SELECT * FROM unnest(${[...keys, tenants].join(', ')}) AS nb_held (${[...names, 'nb_tenant'].join(', ')})
        ), changed AS (
          SELECT nb_tenant, false AS nb_still_pending FROM taken
        ), ${withEntry(selection, parameters, range, { cursor, whole: false })}`,
      values: parameters.values,
    };
  }

  #stillPending(held: readonly HeldRow[]): Statement {
    const parameters = this.#selection.parameters();
    const keys = held.map(({ key }) => key);
    return {
      text: `SELECT count(*)::text FROM ${this.#selection.fromKeys(keys, parameters)} WHERE ${this.#selection.isPending(parameters)}`,
      values: parameters.values,
    };
  }
}
