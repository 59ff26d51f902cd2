import type { LeasedRange } from '../../../ledger/range.js';
import { number } from '../../../postgres/decoders.js';
import type { PipelineResult, Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import {
  LEDGER_CURSOR,
  type BatchOutcome,
  type BatchRunner,
  type KeyOutcome,
  type KeyStep,
  type SweepStep,
} from '../batch.js';
import { removeFromSkipped, toOutcome } from '../batch-entry.js';
import { lockingPolicy, rehearsalPolicy, sweepPolicy, waitingPolicy } from '../batch.policy.js';
import { analyzed, explainedBatch, type ExplainedBatch } from '../explained-batch.js';
import type { RowSelection } from '../row-selection.js';
import { endOfBatch } from '../server-clock.js';
import type { SqlChange } from './sql.change.js';
import type { SweepCursor } from '../order/sweep-order.js';
import { SqlStatements } from './sql.statements.js';

/**
 * `set`, `copy` and `purge`: a batch is one statement, sent together with its transaction in one round trip.
 */
export class SqlBatchRunner implements BatchRunner {
  readonly maxInFlight = 16;
  readonly canBeOptimistic: boolean;
  readonly #selection: RowSelection;
  readonly #statements: SqlStatements;

  constructor(selection: RowSelection, change: SqlChange) {
    this.canBeOptimistic = change.changedWhere !== undefined;
    this.#selection = selection;
    this.#statements = new SqlStatements(selection, change);
  }

  async sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    // The text is the same as in `pipelineSweep`, which needs a statement that is already prepared.
    const isInLedger = step.cursor !== null || this.#selection.file !== null;
    const cursor = isInLedger ? LEDGER_CURSOR : null;
    return sweepOutcome(await session.transaction(this.#sweep(range, step, cursor)));
  }

  pipelineSweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null {
    const pipeline = session.pipelineTransaction(this.#sweep(range, step, LEDGER_CURSOR));
    return pipeline && pipeline.then(sweepOutcome);
  }

  async rehearse(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    const policy = lockingPolicy(this.#selection.definition);
    return sweepOutcome(await session.send([policy, this.preview(range, step), ...this.#end]));
  }

  async explain(
    session: Session,
    range: LeasedRange,
    step: SweepStep,
    maxMs: number,
  ): Promise<ExplainedBatch> {
    const policy = rehearsalPolicy(this.#selection.definition, maxMs);
    return explainedBatch((await session.send([policy, analyzed(this.preview(range, step))])).last);
  }

  preview(range: LeasedRange, step: SweepStep): Statement {
    return this.#statements.sweep(range, step, step.cursor);
  }

  async byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome> {
    const { definition } = this.#selection;
    const waiting =
      step.lockTimeoutMs === null
        ? []
        : [waitingPolicy(definition, step.lockTimeoutMs), this.#statements.lockRows(step.keys)];
    const result = await session.transaction([
      ...waiting,
      lockingPolicy(definition),
      this.#statements.byKey(range, step.keys, step.cursor),
      removeFromSkipped(this.#selection, step.keys),
      ...this.#end,
    ]);
    const at = waiting.length + 1;
    return { ...toOutcome(result.at(at), result.last), stillPending: result.at(at + 1).value(number) };
  }

  async waitForTables(session: Session, range: LeasedRange): Promise<void> {
    const emptyBatch = this.#statements.byKey(range, [], null);
    await session.begin([waitingPolicy(this.#selection.definition), emptyBatch]);
    await session.rollback();
  }

  #sweep(range: LeasedRange, step: SweepStep, cursor: SweepCursor): Statement[] {
    const policy = sweepPolicy(this.#selection.definition, step.lockMode);
    return [policy, this.#statements.sweep(range, step, cursor), ...this.#end];
  }

  get #end(): Statement[] {
    return endOfBatch(this.#selection.facts);
  }
}

function sweepOutcome(result: PipelineResult): BatchOutcome {
  return toOutcome(result.at(1), result.last);
}
